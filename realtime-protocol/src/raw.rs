//! A value whose type only its model knows: kept as MessagePack, read and written in either codec.

use std::fmt;

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

use crate::frame::scan;

/// One value, as canonical MessagePack: structs as maps with named fields, in human-readable form.
///
/// So that JSON and MessagePack hold the same shapes. Inside of a frame it is transcoded, in one pass and
/// without a tree in between.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raw(Bytes);

/// How deep a value may be nested that is kept: it must be read again, and sent in a frame (S47).
const MAX_DEPTH: usize = 64;
/// How deep it may be nested to be read at all: bytes of a damaged store must not take the stack with them.
const MAX_READ_DEPTH: usize = 2 * MAX_DEPTH;

/// A value that cannot be written, or does not have the wanted shape.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RawError(String);

impl RawError {
    /// Makes one from what is wrong.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl Raw {
    /// Encodes `value`.
    ///
    /// # Errors
    ///
    /// Where its `Serialize` fails.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, RawError> {
        let mut out = Vec::with_capacity(32);
        let mut to = rmp_serde::Serializer::new(&mut out).with_struct_map().with_human_readable();
        value.serialize(&mut to).map_err(|e| RawError(e.to_string()))?;
        Ok(Self(out.into()))
    }

    /// Decodes it as a `T`.
    ///
    /// # Errors
    ///
    /// Where it has another shape; the message is serde's.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, RawError> {
        scan(&self.0, MAX_READ_DEPTH).map_err(|e| RawError(e.to_string()))?;
        let mut from = rmp_serde::Deserializer::from_read_ref(self.0.as_ref()).with_human_readable();
        T::deserialize(&mut from).map_err(|e| RawError(e.to_string()))
    }

    /// Takes bytes that [`Raw::encode`] made and [`Raw::bytes`] gave.
    #[must_use]
    pub fn from_bytes(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// Returns the MessagePack.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// Returns `null`.
    #[must_use]
    pub fn null() -> Self {
        Self(Bytes::from_static(&[0xc0]))
    }

    /// Tells whether it holds no NaN and no infinity, which JSON cannot hold.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        // 0xca and 0xcb are MessagePack's floats; without one of these bytes there is nothing to look for.
        let may_hold_floats = self.0.iter().any(|byte| matches!(byte, 0xca | 0xcb));
        !may_hold_floats || self.decode::<Finite>().is_ok()
    }

    /// Tells whether it is nested at most 64 deep. A mutator of a recursive type can go deeper than any frame.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        // Each level takes a byte.
        if self.0.len() <= MAX_DEPTH {
            return true;
        }
        let mut from = rmp_serde::Deserializer::from_read_ref(self.0.as_ref());
        from.set_max_depth(MAX_DEPTH);
        serde::de::IgnoredAny::deserialize(&mut from).is_ok()
    }

    /// Tells whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.as_ref() == [0xc0]
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        scan(&self.0, MAX_READ_DEPTH).map_err(serde::ser::Error::custom)?;
        let mut from = rmp_serde::Deserializer::from_read_ref(self.0.as_ref()).with_human_readable();
        serde_transcode::transcode(&mut from, to)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut out = Vec::with_capacity(16);
        let mut to = rmp_serde::Serializer::new(&mut out).with_struct_map().with_human_readable();
        serde_transcode::transcode(from, &mut to).map_err(serde::de::Error::custom)?;
        Ok(Self(out.into()))
    }
}

/// Reads any value, and fails at the first float that is not finite.
struct Finite;

impl<'de> Deserialize<'de> for Finite {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FiniteVisitor)
    }
}

struct FiniteVisitor;

impl<'de> Visitor<'de> for FiniteVisitor {
    type Value = Finite;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without NaN and infinity")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Finite, E> {
        Ok(Finite)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Finite, E> {
        Ok(Finite)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Finite, E> {
        Ok(Finite)
    }
    fn visit_str<E>(self, _: &str) -> Result<Finite, E> {
        Ok(Finite)
    }
    fn visit_bytes<E>(self, _: &[u8]) -> Result<Finite, E> {
        Ok(Finite)
    }
    fn visit_unit<E>(self) -> Result<Finite, E> {
        Ok(Finite)
    }
    fn visit_none<E>(self) -> Result<Finite, E> {
        Ok(Finite)
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Finite, E> {
        if value.is_finite() { Ok(Finite) } else { Err(E::custom("not finite")) }
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Finite, A::Error> {
        while seq.next_element::<Finite>()?.is_some() {}
        Ok(Finite)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Finite, A::Error> {
        while map.next_entry::<Finite, Finite>()?.is_some() {}
        Ok(Finite)
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_string(self) {
            Ok(json) => f.write_str(&json),
            Err(_) => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Unit,
        New(u8),
        Struct { by: String, n: Option<i64> },
    }

    #[test]
    fn both_codecs_carry_every_shape_unchanged() {
        let value = (
            vec![Shape::Unit, Shape::New(7), Shape::Struct { by: "ann".into(), n: None }],
            BTreeMap::from([("a".to_owned(), -1_i64), ("__proto__".to_owned(), i64::MAX)]),
            (1.5_f64, true, 'ß', ()),
        );
        let raw = Raw::encode(&value).unwrap();
        let json = serde_json::to_string(&raw).unwrap();
        assert_eq!(json, serde_json::to_string(&value).unwrap());
        assert_eq!(serde_json::from_str::<Raw>(&json).unwrap(), raw);
        let packed = rmp_serde::to_vec(&raw).unwrap();
        assert_eq!(rmp_serde::from_slice::<Raw>(&packed).unwrap(), raw);
        assert_eq!(
            raw.decode::<(Vec<Shape>, BTreeMap<String, i64>, (f64, bool, char, ()))>().unwrap(),
            value
        );
    }

    #[test]
    fn s47_a_value_that_is_nested_deeper_than_64_is_found() {
        let nested = |depth| Raw::from_bytes([vec![0x91; depth], vec![0xc0]].concat().into());
        assert!(nested(60).is_shallow() && nested(63).is_shallow());
        assert!(!nested(65).is_shallow() && !nested(2000).is_shallow());
        assert!(Raw::encode(&"x".repeat(1000)).unwrap().is_shallow());
    }

    #[test]
    fn a_float_in_json_is_read_to_the_last_bit() {
        for text in
            ["1.7976931348623157e308", "2.2250738585072011e-308", "-1294286117481048.2", "9007199254740993.0"]
        {
            let value: f64 = serde_json::from_str::<Raw>(text).unwrap().decode().unwrap();
            assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
        }
    }

    #[test]
    fn what_json_cannot_hold_is_found_wherever_it_stands() {
        assert!(Raw::encode(&(1.5, "x", BTreeMap::from([("a", Some(-0.0))]))).unwrap().is_finite());
        assert!(!Raw::encode(&BTreeMap::from([("a", vec![Some(f64::NAN)])])).unwrap().is_finite());
        assert!(!Raw::encode(&f32::INFINITY).unwrap().is_finite());
    }

    #[test]
    fn a_whole_number_in_json_is_a_float_where_a_float_is_wanted_and_not_the_reverse() {
        assert_eq!(serde_json::from_str::<Raw>("3").unwrap().decode::<f64>().unwrap(), 3.0);
        assert!(serde_json::from_str::<Raw>("3.5").unwrap().decode::<u32>().is_err());
        assert!(serde_json::from_str::<Raw>("-1").unwrap().decode::<u32>().is_err());
        assert!(serde_json::from_str::<Raw>("256").unwrap().decode::<u8>().is_err());
    }
}
