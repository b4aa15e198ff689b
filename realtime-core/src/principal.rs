//! Principals: who a connection acts for, once authenticated.

use serde::{Deserialize, Serialize};

use crate::describe::{Described, Types};
use realtime_protocol::schema::{Field, Shape, Ty, TypeDef};

/// Who a connection acts for: the author's own struct, with `#[derive(Principal)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no principal",
    label = "does not say who it is",
    note = "add `#[derive(Principal, Clone, Serialize, Deserialize)]` and mark its id with `#[principal(id)]`"
)]
pub trait Principal: Described + Serialize + Clone + Send + Sync + 'static {
    /// Returns the id under which lanes are kept: stable, and never another's.
    fn id(&self) -> &str;
}

/// A visitor without an account: a stable id per browser profile, signed by the server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Guest {
    /// The id.
    pub id: String,
}

impl Principal for Guest {
    fn id(&self) -> &str {
        &self.id
    }
}

/// What a model that names no principal sees of whoever it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Anyone {
    /// The principal's id.
    pub id: String,
}

macro_rules! described_by_id {
    ($($ty:ident => $doc:literal),+) => {
        $(#[diagnostic::do_not_recommend]
        impl Described for $ty {
            fn describe(types: &mut Types) -> Ty {
                types.named::<Self>(stringify!($ty), |_| TypeDef {
                    name: stringify!($ty).into(),
                    doc: $doc.into(),
                    shape: Shape::Struct(vec![Field {
                        number: 0,
                        rust: "id".into(),
                        name: "id".into(),
                        ty: Ty::String,
                        doc: String::new(),
                        optional: false,
                        rules: Vec::new(),
                    }]),
                    copy: false,
                })
            }
        })+
    };
}

described_by_id!(Guest => "A visitor without an account.", Anyone => "Whoever it is.");

/// An app whose principal is `Self` can serve a model that is written for `M`.
#[diagnostic::on_unimplemented(
    message = "this app's principal is `{Self}`, but the model is written for `{M}`",
    label = "needs an app whose principal is `{M}`",
    note = "start the app with `App::authenticate(…)` and an authenticator for `{M}`, or change the model's `#[sync(principal = …)]`"
)]
pub trait Serves<M>: Principal {
    /// Returns what the model sees of this principal.
    fn seen_by_model(&self) -> M;
}

#[diagnostic::do_not_recommend]
impl<P: Principal> Serves<P> for P {
    fn seen_by_model(&self) -> P {
        self.clone()
    }
}

#[diagnostic::do_not_recommend]
impl<P: Principal> Serves<Anyone> for P {
    fn seen_by_model(&self) -> Anyone {
        Anyone { id: self.id().to_owned() }
    }
}
