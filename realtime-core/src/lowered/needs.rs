//! What a derive needs of the other derives beside it, each under a name that says what to write. No supertrait says
//! it: rustc would tell of that one instead.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use crate::{model::SyncModel, mutation::MutationDef};

/// A type that is copied: each run of a mutator works on a copy.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not derive `Clone`",
    label = "a mutator works on a copy of it",
    note = "add `#[derive(Clone)]` to it"
)]
pub trait Cloned: Sized {
    /// Returns a copy.
    #[doc(hidden)]
    fn copied(this: &Self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> Cloned for T {
    fn copied(this: &Self) -> Self {
        this.clone()
    }
}

/// A type that is sent.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not derive `Serialize`",
    label = "it is sent and stored",
    note = "add `#[derive(Serialize)]` to it"
)]
pub trait Sent {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> Sent for T {}

/// A type that comes from a client or a store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not derive `Deserialize`",
    label = "it is received and loaded",
    note = "add `#[derive(Deserialize)]` to it"
)]
pub trait Received {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Received for T {}

/// A type with `#[derive(SyncType)]`: emitted by it, so that what is missing is told where the type stands.
pub trait Part: Sent + Received {}

/// Returns the name of a root. A function of one bound, so that a type which is none is told of once.
#[must_use]
pub fn root_name<R: SyncModel>() -> &'static str {
    R::parts().name
}

/// Returns an entity's key, likewise.
pub fn key_of<M: SyncModel>(entity: &M) -> String {
    entity.key().to_owned()
}

/// The mutations of a model: emitted by `#[mutations]`, so once. rustc tells the second by this name.
pub trait AllMutationsInOneImpl {
    /// `MutationDef` of the model.
    type Def;

    /// Returns them, in the order of declaration.
    fn list() -> Vec<Self::Def>;
}

/// Asks for a model's mutations, whether it has some or not: `(&MutationsOf::<M>::NEW).list()`.
#[derive(Debug)]
pub struct MutationsOf<M>(PhantomData<M>);

impl<M> MutationsOf<M> {
    /// The question.
    pub const NEW: Self = Self(PhantomData);
}

/// Found first, where `#[mutations]` stands on an impl of `M`.
pub trait SomeMutations<M: SyncModel> {
    /// Returns them.
    fn list(&self) -> Vec<MutationDef<M>>;
}

impl<M: SyncModel + AllMutationsInOneImpl<Def = MutationDef<M>>> SomeMutations<M> for MutationsOf<M> {
    fn list(&self) -> Vec<MutationDef<M>> {
        M::list()
    }
}

/// Found else.
pub trait NoMutations<M: SyncModel> {
    /// Returns none.
    fn list(&self) -> Vec<MutationDef<M>>;
}

impl<M: SyncModel> NoMutations<M> for &MutationsOf<M> {
    fn list(&self) -> Vec<MutationDef<M>> {
        Vec::new()
    }
}
