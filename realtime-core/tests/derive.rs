//! What the derives say of models, types, errors and principals, as data.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use realtime_core::{
    __private::{Described, ModelParts, OptimisticDecl, Rule, Shape, TopicDecl, Ty, Types, column_number},
    SyncError as _,
    prelude::*,
    protocol::lower::{Block, Kind, Stmt},
};

/// A question that everyone in the room can vote on.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}")]
struct Poll {
    #[sync(key)]
    id: String,
    /// What is asked.
    #[sync(length(min = 1, max = 280))]
    question: String,
    choices: Vec<Choice>,
}

#[derive(SyncType, Clone, Serialize, Deserialize)]
struct Choice {
    label: String,
    votes: u32,
}

#[derive(SyncError, Debug)]
enum VoteError {
    NoSuchChoice,
    /// One vote a second.
    TooFast {
        wait_ms: u32,
    },
}

#[mutations]
impl Poll {
    /// Casts one vote.
    fn vote(&mut self, choice: usize) -> Result<(), VoteError> {
        self.choices.get_mut(choice).ok_or(VoteError::NoSuchChoice)?.votes += 1;
        Ok(())
    }
}

#[derive(Principal, Clone, Serialize, Deserialize)]
struct User {
    #[principal(id)]
    id: String,
    roles: Vec<String>,
}

impl User {
    fn moderator(&self) -> bool {
        self.roles.iter().any(|r| r == "moderator")
    }
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "org/{org}/room/{id}", version = 3, principal = User, number = 7)]
#[sync(open = member || User::moderator, create = anyone, patch(title, members) = member && !User::moderator)]
struct Room {
    org: String,
    #[sync(key)]
    id: String,
    title: String,
    members: Vec<String>,
}

fn member(user: &User, room: &Room) -> bool {
    room.members.contains(&user.id)
}

fn author(user: &User, message: &Message) -> bool {
    message.author == user.id
}

fn host(user: &User, room: &Room) -> bool {
    room.members.first() == Some(&user.id)
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Room, delete = author || host)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[sync(key)]
    id: Id,
    author: String,
    sent_at: Timestamp,
    #[sync(number = 9)]
    #[serde(rename = "body")]
    text: String,
    #[serde(default)]
    edited: bool,
    #[sync(default = 3)]
    stars: u8,
    answers: Option<Id>,
    #[sync(range(max = 9007199254740991))]
    views: u64,
}

#[mutations]
impl Message {
    #[mutation(allow = author || host || User::moderator)]
    fn edit(&mut self, tx: &mut Tx<Room>, #[sync(length(max = 4000))] text: String, why: Option<String>) {
        self.text = text;
        self.edited = why.is_some() && tx.now() > self.sent_at;
    }

    #[mutation(optimistic = none)]
    fn post(tx: &mut Tx<Room>, text: String) -> Id {
        let id = tx.new_id();
        let _ = std::env::var("HOME");
        let author = tx.principal().id.clone();
        let message = Message {
            id: id.clone(),
            author,
            sent_at: tx.now(),
            text,
            edited: false,
            stars: 0,
            answers: None,
            views: 0,
        };
        tx.insert(message);
        id
    }
}

#[derive(SyncType, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Plain {
    Draft,
    InReview(u32),
    Moved { by_x: i32, by_y: i32 },
}

#[derive(SyncType, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all_fields = "camelCase")]
enum Tagged {
    Idle,
    Busy { since_ms: f64, with: Option<Box<Tagged>> },
}

#[derive(SyncType, Clone, Serialize, Deserialize)]
struct Score(u32);

fn block<M: SyncModel>(parts: &ModelParts<M>, name: &str) -> Block {
    let found = parts.mutations.iter().find(|m| m.name == name).expect("it exists");
    let OptimisticDecl::Lowered { ir, .. } = found.optimistic else { panic!("{name} is not lowered") };
    serde_json::from_str(ir).expect("what the macro emits is what the protocol reads")
}

#[test]
fn a_root_says_its_topic_its_columns_and_its_mutations() {
    let parts = Poll::parts();
    assert_eq!((parts.name, parts.key, parts.version), ("Poll", "id", 1));
    assert_eq!(parts.doc, "A question that everyone in the room can vote on.");
    assert!(matches!(parts.topic, TopicDecl::Root("poll/{id}")));
    assert!(
        parts.open.is_none() && parts.create.is_none() && parts.delete.is_none() && parts.patch.is_none()
    );
    let columns: Vec<_> = parts.columns.iter().map(|c| (c.rust, c.number, c.doc)).collect();
    assert_eq!(
        columns,
        [
            ("id", column_number("id"), ""),
            ("question", column_number("question"), "What is asked."),
            ("choices", column_number("choices"), "")
        ]
    );
    assert_eq!(parts.columns[1].rules, [Rule::Length { min: Some(1), max: Some(280) }]);
    let poll = Poll { id: "a".into(), question: "?".into(), choices: Vec::new() };
    assert_eq!((parts.topic_fields)(&poll), ["a"]);
    assert_eq!(poll.key(), "a");
    assert_eq!((parts.columns[2].encode)(&poll).unwrap().decode::<Vec<Choice>>().unwrap().len(), 0);
}

#[test]
fn the_vote_is_lowered_with_its_places_and_says_what_it_writes() {
    let parts = Poll::parts();
    let vote = &parts.mutations[0];
    assert_eq!((vote.name, vote.doc), ("vote", "Casts one vote."));
    assert_eq!(vote.writes, Some(&["choices"][..]));
    let mut types = Types::default();
    assert_eq!((vote.args[0].ty)(&mut types), Ty::Usize);
    assert_eq!((vote.error.unwrap())(&mut types), Ty::Named("VoteError".into()));
    let OptimisticDecl::Lowered { file, types: named, .. } = vote.optimistic else { panic!("it is lowered") };
    assert!(file.ends_with("tests/derive.rs"));
    assert_eq!(named.iter().map(|ty| ty(&mut types)).collect::<Vec<_>>(), [Ty::Named("VoteError".into())]);
    let block = block(&parts, "vote");
    let Stmt::Expr(first) = &block.stmts[0] else { panic!("an expression") };
    assert!(matches!(*first.kind, Kind::AssignOp(..)));
    assert_eq!(first.at.1, 9, "columns count from 1");
    assert_eq!(
        first.at.0,
        line_of("self.choices.get_mut(choice).ok_or(VoteError::NoSuchChoice)?.votes += 1;")
    );
}

fn line_of(text: &str) -> u32 {
    let line = include_str!("derive.rs").lines().position(|line| line.trim() == text);
    u32::try_from(line.expect("it stands here") + 1).unwrap()
}

#[test]
fn a_child_lives_in_its_roots_topic_and_sees_its_principal() {
    fn same<A: SyncModel<Principal = User, Root = Room>>() {}
    same::<Message>();
    same::<Room>();
    let parts = Message::parts();
    let TopicDecl::Of(root) = parts.topic else { panic!("a child") };
    assert_eq!(root(), "Room");
    let names: Vec<_> = parts.columns.iter().map(|c| (c.name, c.number, c.optional)).collect();
    assert_eq!(
        names,
        [
            ("id", column_number("id"), false),
            ("author", column_number("author"), false),
            ("sentAt", column_number("sentAt"), false),
            ("body", 9, false),
            ("edited", column_number("edited"), true),
            ("stars", column_number("stars"), true),
            ("answers", column_number("answers"), true),
            ("views", column_number("views"), false)
        ]
    );
    let [edit, post] = &parts.mutations[..] else { panic!("two mutations") };
    assert!(edit.allow.is_some() && post.allow.is_none());
    assert!(matches!(post.optimistic, OptimisticDecl::None));
    assert_eq!(
        edit.args.iter().map(|a| (a.rust, a.optional)).collect::<Vec<_>>(),
        [("text", false), ("why", true)]
    );
    assert_eq!(edit.writes, Some(&["edited", "text"][..]));
    assert_eq!(post.writes, Some(&[][..]));
    block(&parts, "edit");
}

#[test]
fn policies_are_asked_of_whom_they_look_at() {
    use realtime_core::__private::Answer;
    let user = |id: &str, roles: &[&str]| User {
        id: id.into(),
        roles: roles.iter().map(ToString::to_string).collect(),
    };
    let room = Room { org: "o".into(), id: "r".into(), title: String::new(), members: vec!["ann".into()] };
    let parts = Room::parts();
    assert_eq!((Room::NUMBER, parts.version), (7, 3));
    assert_eq!((parts.topic_fields)(&room), ["o", "r"]);
    let open = parts.open.unwrap();
    assert_eq!(open(&user("ann", &[]), Some(&room), Some(&room)), Answer::Yes);
    assert_eq!(open(&user("bob", &[]), Some(&room), Some(&room)), Answer::No);
    assert_eq!(open(&user("bob", &["moderator"]), None, None), Answer::Yes);
    let (columns, patch) = parts.patch.unwrap();
    assert_eq!(columns, ["title", "members"]);
    assert_eq!(patch(&user("ann", &["moderator"]), Some(&room), Some(&room)), Answer::No);
    let delete = Message::parts().delete.unwrap();
    assert_eq!(delete(&user("ann", &[]), None, Some(&room)), Answer::Yes);
}

#[test]
fn named_types_are_described_as_they_stand_on_the_wire() {
    let mut types = Types::default();
    let json = |types: &mut Types, describe: fn(&mut Types) -> Ty| {
        let ty = describe(types);
        serde_json::to_value(ty).unwrap()
    };
    assert_eq!(json(&mut types, Plain::describe), serde_json::json!({ "named": "Plain" }));
    json(&mut types, Tagged::describe);
    json(&mut types, Score::describe);
    json(&mut types, VoteError::describe);
    json(&mut types, User::describe);
    let shapes: Vec<_> = types.into_defs().into_iter().map(|def| (def.name, def.copy, def.shape)).collect();
    let [plain, score, tagged, user, error] = &shapes[..] else { panic!("five types: {shapes:?}") };
    let names = |shape: &Shape| match shape {
        Shape::Enum(of) | Shape::Error(of) | Shape::TaggedEnum(_, of) => {
            of.iter().map(|v| v.name.clone()).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    assert_eq!((plain.1, names(&plain.2)), (true, vec!["draft".into(), "in-review".into(), "moved".into()]));
    assert!(!tagged.1 && matches!(&tagged.2, Shape::TaggedEnum(tag, _) if tag == "kind"));
    assert!(format!("{tagged:?}").contains("sinceMs"));
    assert_eq!(score.2, Shape::Newtype(Ty::U32));
    assert_eq!(names(&error.2), ["NoSuchChoice", "TooFast"]);
    assert!(matches!(&user.2, Shape::Struct(fields) if fields.len() == 2));
    assert_eq!(Principal::id(&User { id: "ann".into(), roles: Vec::new() }), "ann");
}

#[test]
fn an_error_is_flat_on_the_wire() {
    let json = |error: VoteError| serde_json::to_string(&error.refusal().unwrap()).unwrap();
    assert_eq!(json(VoteError::NoSuchChoice), r#"{"code":"NoSuchChoice"}"#);
    assert_eq!(json(VoteError::TooFast { wait_ms: 40 }), r#"{"code":"TooFast","wait_ms":40}"#);
}
