//! What the derives need of named types: whether they are `Copy`, and how an error stands on the wire.

use std::marker::PhantomData;

use realtime_protocol::{Raw, raw::RawError, schema::Ty};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    describe::{Described, Types},
    mutation::{self, Refusal, SyncError},
};

/// Tells whether `T` may be copied bit by bit: the inherent const is found first where `T` is `Copy`.
#[derive(Debug)]
pub struct CopyProbe<T: ?Sized>(PhantomData<T>);

impl<T: Copy> CopyProbe<T> {
    /// It may.
    pub const COPY: bool = true;
}

/// What is found where `T` is not `Copy`.
pub trait NotCopy {
    /// It may not.
    const COPY: bool = false;
}

impl<T: ?Sized> NotCopy for CopyProbe<T> {}

/// Returns an error as it stands on the wire: `code`, and the fields beside it.
///
/// # Errors
///
/// Where a field cannot be encoded.
pub fn refusal(code: &'static str, fields: Vec<(&'static str, Raw)>) -> Result<Raw, RawError> {
    Raw::encode(&Flat { code, fields })
}

struct Flat {
    code: &'static str,
    fields: Vec<(&'static str, Raw)>,
}

impl Serialize for Flat {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.fields.len() + 1))?;
        map.serialize_entry("code", self.code)?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// What `#[derive(SyncError)]` gives: one bound, so that its absence is told once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a mutation's error",
    label = "does not derive `SyncError`",
    note = "a mutation returns `Result<T, E>` where `E` is an enum with `#[derive(SyncError)]`"
)]
pub trait MutationError: SyncError + Described {}

#[diagnostic::do_not_recommend]
impl<E: SyncError + Described> MutationError for E {}

/// Describes a mutation's error.
pub fn error_type<E: MutationError>(types: &mut Types) -> Ty {
    E::describe(types)
}

/// Ends a mutator that returns a `Result`.
///
/// # Errors
///
/// The author's refusal, or a fault where something cannot be encoded.
pub fn resulted<T: Serialize, E: MutationError>(result: Result<T, E>) -> Result<Option<Raw>, Refusal> {
    mutation::resulted(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_types_are_told_from_the_others() {
        let copies = [CopyProbe::<u32>::COPY, CopyProbe::<String>::COPY];
        assert_eq!(copies, [true, false]);
    }

    #[test]
    fn an_error_is_flat_with_its_code_first() {
        let raw = refusal("TooFast", vec![("wait_ms", Raw::encode(&40_u32).unwrap())]).unwrap();
        assert_eq!(serde_json::to_string(&raw).unwrap(), r#"{"code":"TooFast","wait_ms":40}"#);
    }
}
