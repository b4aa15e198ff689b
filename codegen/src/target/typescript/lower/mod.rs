//! A mutator's body as TypeScript: forward inference of types, then printing. What is not known is refused, never guessed.

mod error;
#[cfg(test)]
mod every_method;
mod infer;
mod print;
mod ty;

pub use error::LowerError;

use realtime_protocol::{
    lower::{Body, IR_VERSION},
    schema::{Model, Mutation, Optimistic, Receiver, Schema},
};

use self::{error::Errors, ty::Types};

/// A printed mutator.
#[derive(Clone, Debug)]
pub(crate) struct Printed {
    /// The function's statements, indented by one level.
    pub(crate) body: Vec<String>,
    /// Names used, for the parameter list.
    pub(crate) uses: Uses,
}

/// What a body uses of its surroundings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses {
    /// `self`
    pub(crate) this: bool,
    /// Arguments: name in Rust, name in TypeScript.
    pub(crate) args: Vec<(String, String)>,
    /// `tx`
    pub(crate) tx: bool,
    /// `tx.principal`
    pub(crate) principal: bool,
}

/// Prints the body of `mutation`.
///
/// # Errors
///
/// Everything in it that has no form in TypeScript, each with its place.
pub(crate) fn lower(
    schema: &Schema,
    model: &Model,
    mutation: &Mutation,
    body: &Body,
) -> Result<Printed, Vec<LowerError>> {
    let errors = Errors::new(&body.file, &model.name, &mutation.name);
    if body.ir != IR_VERSION {
        errors.add(
            (1, 1),
            "its body was lowered by another version of Realtime",
            "use one version of realtime-core and of `realtime`",
        );
        return Err(errors.done());
    }
    let types = Types { schema };
    let inferred = infer::infer(types, model, mutation, body, &errors);
    if errors.any() {
        return Err(errors.done());
    }
    let printed = print::print(types, model, mutation, body, &inferred, &errors);
    if errors.any() { Err(errors.done()) } else { Ok(printed) }
}

/// Whether a mutation draws ids or random numbers; of one that is not lowered nobody knows: yes.
pub(crate) fn needs_seed(mutation: &Mutation) -> bool {
    match &mutation.optimistic {
        Optimistic::None => true,
        Optimistic::Lowered(body) => calls(body, "new_id") || calls(body, "random"),
    }
}

/// Whether a lowered mutation looks at the principal.
pub(crate) fn asks_who(mutation: &Mutation) -> bool {
    matches!(&mutation.optimistic, Optimistic::Lowered(body) if calls(body, "principal"))
}

/// Whether a body calls a method of that name, of `tx` or of anything else.
fn calls(body: &Body, method: &str) -> bool {
    let text = serde_json::to_string(&body.block).unwrap_or_default();
    text.contains(&format!("\"name\":\"{method}\""))
}

/// Whether a mutation has a receiver.
pub(crate) fn on_entity(mutation: &Mutation) -> bool {
    mutation.receiver == Receiver::Entity
}
