//! The only path that macro output names. No stability is promised.

pub use realtime_protocol::{
    Raw,
    raw::RawError,
    schema::{
        Conflict, Field, Receiver, Rule, Shape, Ty, TypeDef, Variant, VariantFields, column_number,
        model_number,
    },
};
pub use serde_json;

pub use crate::{
    describe::{Described, MapKey, Types},
    field::{KeyField, Timestamp},
    lowered,
    model::{Child, ColumnDef, Columns, InTopic, ModelParts, Retain, SyncModel, TopicDecl},
    mutation::{
        ArgDef, Args, ConstDecl, Fault, MutationDef, OptimisticDecl, Refusal, RunFn, SyncError, resulted,
        returned,
    },
    policy::{Answer, ByBoth, ByEntity, ByPrincipal, ByRoot, Policy, PolicyFn},
    principal::{Anyone, Principal},
    tx::Tx,
};
