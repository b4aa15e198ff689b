//! A room with rights of every kind: who may open it, rows of their author's, columns of the host's; rights move.

use realtime_core::prelude::*;
use realtime_core::testing::{Call, Faults, Random, World};

#[derive(Principal, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    #[principal(id)]
    id: String,
    staff: bool,
}

impl User {
    fn staff(&self) -> bool {
        self.staff
    }
}

#[derive(SyncModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[sync(topic = "room/{id}", principal = User, open = member || User::staff, create = User::staff)]
struct Room {
    #[sync(key)]
    id: String,
    members: Vec<String>,
    host: String,
    #[sync(read = host)]
    plans: String,
    #[sync(read = User::staff)]
    file: String,
}

#[derive(SyncModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[sync(topic = Room, read = public || author || User::staff, create = anyone, delete = author)]
struct Message {
    #[sync(key)]
    id: String,
    author: String,
    public: bool,
    text: String,
    #[sync(read = author)]
    draft: String,
}

#[policy]
fn member(user: &User, room: &Room) -> bool {
    room.members.contains(&user.id)
}

#[policy]
fn host(user: &User, room: &Room) -> bool {
    room.host == user.id
}

#[policy]
fn author(user: &User, message: &Message) -> bool {
    message.author == user.id
}

#[policy]
fn public(_: &User, message: &Message) -> bool {
    message.public
}

#[mutations]
impl Room {
    /// Takes somebody in, or puts him out.
    fn toggle(&mut self, who: String) {
        if self.members.contains(&who) {
            self.members.retain(|member| *member != who);
        } else {
            self.members.push(who);
        }
    }

    fn hand_over(&mut self, who: String) {
        self.host = who;
    }

    #[mutation(allow = host || User::staff)]
    fn plan(&mut self, plans: String) {
        self.plans = plans;
    }
}

#[mutations]
impl Message {
    fn show(&mut self) {
        self.public = !self.public;
    }

    #[mutation(conflict = refuse)]
    fn edit(&mut self, text: String) {
        self.text = text;
    }

    fn give(&mut self, who: String) {
        self.author = who;
    }
}

fn app() -> App<User> {
    let nobody = async |_: realtime_core::Hello| -> Result<User, realtime_core::AuthError> {
        Err(realtime_core::AuthError::Denied("the world says who is who".into()))
    };
    App::authenticate(nobody).model::<Room>().model::<Message>().seed(Room {
        id: "r".into(),
        members: vec!["ann".into(), "bob".into()],
        host: "ann".into(),
        plans: "for-the-host".into(),
        file: "for-staff-alone".into(),
    })
}

fn user(id: &str, staff: bool) -> User {
    User { id: id.into(), staff }
}

fn any(dice: &mut Random) -> Call {
    let topic = "room/r";
    let people = ["ann", "bob", "eve"];
    let (message, who) = (dice.pick(&["a", "b", "c"]).to_string(), dice.pick(&people).to_string());
    match dice.below(16) {
        0..2 => Call::new::<Room>(topic, "r", "toggle", (who,)),
        2 => Call::new::<Room>(topic, "r", "hand_over", (who,)),
        3 => Call::new::<Room>(topic, "r", "plan", (format!("for-the-host {}", dice.below(99)),)),
        4..8 => Call::create(
            topic,
            &Message {
                id: message,
                author: who,
                public: dice.chance(50),
                text: format!("text {}", dice.below(99)),
                draft: format!("draft {}", dice.below(99)),
            },
        ),
        8..10 => Call::new::<Message>(topic, &message, "show", ()),
        10..13 => Call::new::<Message>(topic, &message, "edit", (format!("text {}", dice.below(99)),)),
        13..15 => Call::new::<Message>(topic, &message, "give", (who,)),
        _ => Call::delete::<Message>(topic, &message),
    }
}

fn life(w: &World<User>, faults: Faults) {
    let [ann, bob, eve, root] =
        w.clients([user("ann", false), user("bob", false), user("eve", false), user("root", true)]);
    w.secret("for-staff-alone", User::staff);
    let all = [&ann, &bob, &eve, &root];
    for client in all {
        client.in_topic("room/r");
    }
    w.settle();
    w.calls(60, &all, any);
    w.faults(faults);
    w.settle();
}

#[test]
fn l9_l8_each_sees_what_he_may_and_nothing_else_while_rights_move() {
    World::check(app, |w| life(w, Faults::none()));
}

#[test]
fn l7_a_history_that_is_gone_is_told_as_a_fork_also_where_the_rights_are_others() {
    World::check_seeds(0..3, app, |w| {
        let [root] = w.clients([user("root", true)]);
        root.in_topic("room/r");
        w.settle();
        // The room itself is lost: who may do what depends on it.
        w.happen("failover 9");
        w.settle();
        assert_eq!(root.in_topic("room/r").find::<Room>("r"), None);
    });
}

#[test]
fn l9_l8_each_sees_what_he_may_and_nothing_else_whatever_goes_wrong() {
    let report = World::check(app, |w| life(w, Faults::all()));
    println!("{report}");
}
