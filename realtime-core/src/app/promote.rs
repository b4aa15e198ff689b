//! Promoting: raising the form that the store compares commits with, once every node runs the newer program (S32).

use std::{env, io::Write as _, sync::Arc};

use realtime_protocol::Topic;

use super::builder::Parts;
use crate::{
    error::{Error, Problem},
    principal::Principal,
    runtime,
    store::{Store, StoreError},
};

/// Any topic: the form is the same for all.
const TOPIC: &str = "$realtime/secret";

impl<P: Principal> Parts<P> {
    /// Raises the store's form to the app's where somebody asks for it, and ends the process.
    pub(super) async fn answer_promote_request(&self) {
        if env::var_os("REALTIME_PROMOTE").is_none() {
            return;
        }
        match promote(&self.store, self.form).await {
            Ok((before, after)) => {
                let store = self.store.describe();
                let said = match before == after {
                    true => format!("the form of {store} is {after} already"),
                    false => format!("the form of {store} is {after} now, it was {before}"),
                };
                let _ = writeln!(std::io::stdout(), "{said}");
                std::process::exit(0)
            }
            Err(error) => runtime::give_up(&error),
        }
    }

    /// Refuses a store that was promoted above what this program writes.
    pub(super) async fn check_form(&self) -> Result<(), Problem> {
        let store = form(&*self.store).await?;
        if store > self.form {
            return Err(Problem::Form { store, program: self.form });
        }
        Ok(())
    }
}

async fn promote(store: &Arc<dyn Store>, to: u32) -> Result<(u32, u32), Error> {
    store.start().await.map_err(Problem::from)?;
    let before = form(&**store).await.map_err(Problem::from)?;
    if before > to {
        return Err(Problem::Form { store: before, program: to }.into());
    }
    let after = if before == to { to } else { store.promote(to).await.map_err(Problem::from)? };
    Ok((before, after))
}

/// Reads the store's form.
async fn form(store: &dyn Store) -> Result<u32, StoreError> {
    let topic = Topic::new(TOPIC).map_err(|e| StoreError::Unusable(e.into()))?;
    let heads = store.heads(&[topic]).await?;
    heads.first().map(|head| head.form).ok_or_else(|| StoreError::Unusable("the store gave no head".into()))
}
