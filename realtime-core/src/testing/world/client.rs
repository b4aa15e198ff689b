//! A page as a test holds it: calls, sees, goes offline.

use std::{fmt, rc::Rc};

use realtime_protocol::Topic;
use serde::Serialize;

use super::{
    Inner,
    call::{Call, topic_of},
    history::Entry,
    page::{State, Table, Verdict},
};
use crate::{model::SyncModel, topic::rows::Value};

/// A simulated page, in the browser of somebody.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Rc<Inner>,
    pub(super) page: usize,
}

/// A topic, as one client has it open.
#[derive(Clone)]
pub struct TopicView {
    client: Client,
    topic: Topic,
}

/// A mutation that was called.
#[derive(Clone)]
pub struct Mutation {
    client: Client,
    topic: Topic,
    entry: Entry,
}

impl Client {
    /// Opens the topic of a root by its key, to read it.
    ///
    /// # Panics
    ///
    /// Where `M` is no root of a pattern with one field: use [`Client::in_topic`].
    pub fn open<M: SyncModel>(&self, key: &str) -> TopicView {
        let topic = topic_of::<M>(&self.inner.core.borrow().ground.registry, key);
        self.in_topic(topic.as_str())
    }

    /// Opens a topic by its name, to read it.
    ///
    /// # Panics
    ///
    /// Where no model has such a topic.
    pub fn in_topic(&self, topic: &str) -> TopicView {
        let topic = Topic::new(topic).unwrap_or_else(|error| panic!("`{topic}` is no topic: {error}"));
        self.inner.act(|core| {
            let root = core.ground.registry.root_of(&topic);
            let root = root.unwrap_or_else(|| panic!("no model has a topic `{topic}`"));
            core.pages[self.page].open(&topic, root, true, &mut core.ground);
        });
        TopicView { client: self.clone(), topic }
    }

    /// Calls a mutation of a root, which is applied before this returns; `args` is a tuple.
    ///
    /// # Panics
    ///
    /// Where there is no such mutation, or `M` is no root of a pattern with one field: use [`Client::send`].
    pub fn call<M: SyncModel>(&self, key: &str, mutation: &str, args: impl Serialize) -> Mutation {
        let topic = topic_of::<M>(&self.inner.core.borrow().ground.registry, key);
        self.send(&Call::new::<M>(topic.as_str(), key, mutation, args))
    }

    /// Makes a call, which is applied before this returns.
    ///
    /// # Panics
    ///
    /// Where there is no such mutation, or the page has crashed.
    pub fn send(&self, call: &Call) -> Mutation {
        let entry = self.inner.act(|core| core.call(self.page, call));
        let entry =
            entry.unwrap_or_else(|| panic!("the page does not run: it cannot call {}", call.mutation));
        Mutation { client: self.clone(), topic: call.topic.clone(), entry }
    }

    /// Returns what it sees of a root: the confirmed state, with what is pending over it. Opens the topic, where it
    /// is not open yet, and lets the world come to rest then.
    ///
    /// # Panics
    ///
    /// Where it sees none.
    #[must_use]
    pub fn see<M: SyncModel>(&self, key: &str) -> M {
        self.open_now::<M>(key).see(key)
    }

    /// Returns what is confirmed of a root; as [`Client::see`].
    ///
    /// # Panics
    ///
    /// Where nothing of it is.
    #[must_use]
    pub fn confirmed<M: SyncModel>(&self, key: &str) -> M {
        let found = self.open_now::<M>(key).confirmed(key);
        found.unwrap_or_else(|| panic!("nothing is confirmed of {} `{key}`", M::parts().name))
    }

    fn open_now<M: SyncModel>(&self, key: &str) -> TopicView {
        let topic = topic_of::<M>(&self.inner.core.borrow().ground.registry, key);
        let is_open =
            self.inner.core.borrow().pages[self.page].topics.get(&topic).is_some_and(|v| v.wants > 0);
        let open = self.in_topic(topic.as_str());
        if !is_open {
            self.inner.rest();
        }
        open
    }

    /// Takes it off the network, until [`Client::go_online`].
    pub fn go_offline(&self) {
        self.inner.act(|core| {
            let page = &mut core.pages[self.page];
            page.unplugged = true;
            page.unplug(&mut core.ground);
        });
    }

    /// Gives it the network again.
    pub fn go_online(&self) {
        self.inner.act(|core| {
            let page = &mut core.pages[self.page];
            page.unplugged = false;
            if page.state == State::Offline {
                page.come_back(&mut core.ground);
            } else {
                page.dial(&mut core.ground);
            }
        });
    }

    /// Loads it again, as a user does: its memory is gone, its disk is not.
    pub fn reload(&self) {
        self.inner.act(|core| {
            let page = &mut core.pages[self.page];
            page.crash(&mut core.ground);
            page.start(&mut core.ground);
        });
    }
}

impl TopicView {
    /// Returns what is seen of an entity.
    ///
    /// # Panics
    ///
    /// Where none is seen.
    #[must_use]
    pub fn see<M: SyncModel>(&self, key: &str) -> M {
        self.find(key).unwrap_or_else(|| panic!("it sees no {} `{key}` in {}", M::parts().name, self.topic))
    }

    /// Returns what is seen of an entity, where one is.
    #[must_use]
    pub fn find<M: SyncModel>(&self, key: &str) -> Option<M> {
        self.entity::<M>(key, |view| Some(view.visible.clone()))
    }

    /// Returns what is confirmed of an entity, where anything is.
    #[must_use]
    pub fn confirmed<M: SyncModel>(&self, key: &str) -> Option<M> {
        self.entity::<M>(key, |view| view.base.as_ref().map(|base| base.table.clone()))
    }

    /// Returns the keys of all entities of a model that are seen, sorted.
    #[must_use]
    pub fn keys<M: SyncModel>(&self) -> Vec<String> {
        let core = self.client.inner.core.borrow();
        let view = core.pages[self.client.page].topics.get(&self.topic);
        let keys = view.into_iter().flat_map(|view| view.visible.keys());
        keys.filter(|(model, _)| *model == M::NUMBER).map(|(_, key)| key.clone()).collect()
    }

    /// Calls a mutation of an entity here; as [`Client::send`].
    ///
    /// # Panics
    ///
    /// Where there is no such mutation.
    pub fn call<M: SyncModel>(&self, key: &str, mutation: &str, args: impl Serialize) -> Mutation {
        self.client.send(&Call::new::<M>(self.topic.as_str(), key, mutation, args))
    }

    /// Creates an entity here.
    ///
    /// # Panics
    ///
    /// Where it cannot be encoded.
    pub fn create<M: SyncModel>(&self, entity: &M) -> Mutation {
        self.client.send(&Call::create(self.topic.as_str(), entity))
    }

    /// Why nothing of it may be read, where that is so: the code of the refusal.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        let core = self.client.inner.core.borrow();
        core.pages[self.client.page].topics.get(&self.topic)?.refusal.clone()
    }

    fn entity<M: SyncModel>(
        &self,
        key: &str,
        table: impl FnOnce(&super::page::View) -> Option<Table>,
    ) -> Option<M> {
        let core = self.client.inner.core.borrow();
        let view = core.pages[self.client.page].topics.get(&self.topic)?;
        let cells = table(view)?.remove(&(M::NUMBER, key.to_owned()))?;
        let entry = core.ground.registry.by_number(M::NUMBER)?;
        let value: Value = entry.model.row(&cells).ok()?.value;
        value.downcast_ref::<M>().map(M::copied)
    }
}

impl Mutation {
    /// Returns the final word on it, once there is one.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        let core = self.client.inner.core.borrow();
        core.ground.ledger.of(&self.topic, self.entry)?.told.last().cloned()
    }

    /// Tells whether it was confirmed.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        matches!(self.verdict(), Some(Verdict::Confirmed(_)))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("page", &self.page).finish_non_exhaustive()
    }
}

impl fmt::Debug for TopicView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicView").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl fmt::Debug for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verdict, (lane, seq)) = (self.verdict(), self.entry);
        f.debug_struct("Mutation")
            .field("lane", &lane)
            .field("seq", &seq)
            .field("verdict", &verdict)
            .finish_non_exhaustive()
    }
}
