//! The macro that declares frames: Rust types, their positional form, and the table that documents them.

/// One frame, as the tables of [`super::v1`] list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// The first element of its array.
    pub kind: u8,
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// The elements after the first, in order.
    pub fields: &'static [FieldInfo],
}

/// One element of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// Its name.
    pub name: &'static str,
    /// Its type, in TypeScript's words.
    pub ts: &'static str,
    /// Whether it may be left out at the end of the array (`null` stands for it in the middle).
    pub optional: bool,
    /// What it means.
    pub doc: &'static str,
}

/// Declares an enum of frames. Each is an array: its kind, its fields, its optional fields as far as there are any.
///
/// Elements after the known ones are passed over when read, so that a later version may add some at the end.
macro_rules! frames {
    (
        $(#[doc = $enum_doc:literal])+
        $Enum:ident, $TABLE:ident, $what:literal {
            $(
                $(#[doc = $doc:literal])+
                $kind:literal $Name:ident {
                    $( $(#[doc = $field_doc:literal])+ $field:ident: $ty:ty => $ts:literal, )*
                    $( ? $(#[doc = $opt_doc:literal])+ $opt:ident: $opt_ty:ty => $opt_ts:literal, )*
                }
            )+
        }
    ) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Debug, PartialEq)]
            pub struct $Name {
                $( $(#[doc = $field_doc])+ pub $field: $ty, )*
                $( $(#[doc = $opt_doc])+ pub $opt: Option<$opt_ty>, )*
            }

            impl From<$Name> for $Enum {
                fn from(frame: $Name) -> Self {
                    Self::$Name(frame)
                }
            }
        )+

        $(#[doc = $enum_doc])+
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $Enum {
            $( $(#[doc = $doc])+ $Name($Name), )+
        }

        $(#[doc = $enum_doc])+
        pub const $TABLE: &[$crate::frame::FrameInfo] = &[
            $( $crate::frame::FrameInfo {
                kind: $kind,
                name: stringify!($Name),
                doc: concat!($($doc),+),
                fields: &[
                    $( $crate::frame::FieldInfo {
                        name: stringify!($field), ts: $ts, optional: false, doc: concat!($($field_doc),+),
                    }, )*
                    $( $crate::frame::FieldInfo {
                        name: stringify!($opt), ts: $opt_ts, optional: true, doc: concat!($($opt_doc),+),
                    }, )*
                ],
            }, )+
        ];

        impl serde::Serialize for $Enum {
            #[allow(unused_assignments, unused_mut, unused_variables)]
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeSeq as _;
                match self {
                    $( Self::$Name(frame) => {
                        let required = 1 $( + { let _ = &frame.$field; 1 } )*;
                        let (mut at, mut len) = (required, required);
                        $( at += 1; if frame.$opt.is_some() { len = at; } )*
                        let mut seq = to.serialize_seq(Some(len))?;
                        seq.serialize_element(&($kind as u8))?;
                        $( seq.serialize_element(&frame.$field)?; )*
                        let mut at = required;
                        $( at += 1; if at <= len { seq.serialize_element(&frame.$opt)?; } )*
                        seq.end()
                    } )+
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $Enum {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $Enum;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($what)
                    }
                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<$Enum, A::Error> {
                        use serde::de::Error as _;
                        let kind: u8 = seq.next_element()?.ok_or_else(|| A::Error::custom("an empty frame"))?;
                        let frame = match kind {
                            $( $kind => $Enum::$Name($Name {
                                $( $field: seq.next_element()?.ok_or_else(|| A::Error::custom(
                                    concat!(stringify!($Name), " has no ", stringify!($field))))?, )*
                                $( $opt: seq.next_element::<Option<$opt_ty>>()?.flatten(), )*
                            }), )+
                            other => return Err(A::Error::custom(format_args!("{other} is no kind of {}", $what))),
                        };
                        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                        Ok(frame)
                    }
                }
                from.deserialize_seq(Visitor)
            }
        }
    };
}

pub(crate) use frames;
