//! What the derives say of models, types, errors and principals, as data.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use realtime_core::{
    __private::{
        Answer, Columns, Conflict, Described, ModelParts, OptimisticDecl, Raw, Retain, Rule, Shape,
        TopicDecl, Ty, Types, column_number,
    },
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
#[sync(topic = "org/{org}/room/{id}", version = 3, principal = User, number = 7, every = "50ms")]
#[sync(open = member || User::moderator, create = anyone, patch(title, members) = member && !User::moderator)]
struct Room {
    org: String,
    #[sync(key)]
    id: String,
    title: String,
    members: Vec<String>,
    #[sync(read = User::moderator || member, write = User::moderator && !member)]
    #[serde(default)]
    reports: Vec<String>,
}

#[policy]
fn member(user: &User, room: &Room) -> bool {
    room.members.contains(&user.id)
}

fn author(user: &User, message: &Message) -> bool {
    message.author == user.id
}

fn visible(user: &User, message: &Message, room: &Room) -> bool {
    !message.edited || room.members.contains(&user.id)
}

fn host(user: &User, room: &Room) -> bool {
    room.members.first() == Some(&user.id)
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Room, delete = author || host, read = visible, create = anyone || host, retain = "90d")]
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
    #[sync(default = "en")]
    language: String,
    #[sync(default = "general")]
    thread: Option<Id>,
}

#[mutations]
impl Message {
    #[mutation(allow = author || host || User::moderator, conflict = refuse)]
    fn edit(&mut self, tx: &mut Tx<Room>, #[sync(length(max = 4000))] text: String, why: Option<String>) {
        self.text = text;
        self.edited = why.is_some() && tx.now() > self.sent_at;
    }

    #[mutation(optimistic = none, conflict = order, allow = anyone)]
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
            language: "en".into(),
            thread: None,
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
            ("views", column_number("views"), false),
            ("language", column_number("language"), true),
            ("thread", column_number("thread"), true)
        ]
    );
    let [edit, post] = &parts.mutations[..] else { panic!("two mutations") };
    assert!(edit.allow.is_some() && !edit.anyone && post.anyone);
    assert_eq!((edit.conflict, post.conflict), (Conflict::Refuse, Conflict::Order));
    assert!(matches!(post.optimistic, OptimisticDecl::None));
    assert_eq!(
        edit.args.iter().map(|a| (a.rust, a.optional)).collect::<Vec<_>>(),
        [("text", false), ("why", true)]
    );
    assert_eq!(edit.writes, Some(&["edited", "text"][..]));
    assert_eq!(post.writes, Some(&[][..]));
    block(&parts, "edit");
}

fn user(id: &str, roles: &[&str]) -> User {
    User { id: id.into(), roles: roles.iter().map(ToString::to_string).collect() }
}

fn room(members: &[&str]) -> Room {
    let members = members.iter().map(ToString::to_string).collect();
    Room { org: "o".into(), id: "r".into(), title: String::new(), members, reports: Vec::new() }
}

fn message(author: &str, edited: bool) -> Message {
    Message {
        id: Id::from("m"),
        author: author.into(),
        sent_at: Timestamp::default(),
        text: String::new(),
        edited,
        stars: 0,
        answers: None,
        views: 0,
        language: String::new(),
        thread: None,
    }
}

#[test]
fn a_row_and_a_column_have_policies_of_their_own() {
    let parts = Room::parts();
    assert!(parts.read.is_none());
    let guarded: Vec<_> = parts.columns.iter().map(|c| (c.read.is_some(), c.write.is_some())).collect();
    assert_eq!(guarded, [(false, false), (false, false), (false, false), (false, false), (true, true)]);
    let ours = room(&["ann"]);
    let ask = |policy: PolicyOfRoom, who: &User| policy(who, Some(&ours), Some(&ours));
    let (read, write) = (parts.columns[4].read.unwrap(), parts.columns[4].write.unwrap());
    let of = |policy, id: &str, roles: &[&str]| ask(policy, &user(id, roles));
    assert_eq!([of(read, "ann", &[]), of(read, "bob", &[])], [Answer::Yes, Answer::No]);
    assert_eq!(of(read, "bob", &["moderator"]), Answer::Yes);
    assert_eq!(of(write, "ann", &["moderator"]), Answer::No);
    assert_eq!(of(write, "bob", &["moderator"]), Answer::Yes);
    let visible = Message::parts().read.unwrap();
    assert_eq!(visible(&user("bob", &[]), Some(&message("ann", false)), Some(&ours)), Answer::Yes);
    assert_eq!(visible(&user("bob", &[]), Some(&message("ann", true)), Some(&ours)), Answer::No);
    assert_eq!(visible(&user("ann", &[]), Some(&message("ann", true)), Some(&ours)), Answer::Yes);
    assert_eq!(visible(&user("ann", &[]), None, Some(&ours)), Answer::Unknown, "S34");
}

type PolicyOfRoom = fn(&User, Option<&Room>, Option<&Room>) -> Answer;

#[test]
fn how_long_and_how_often_are_data() {
    let (room, message) = (Room::parts(), Message::parts());
    assert_eq!((room.every, room.retain), (Some(50), None));
    let age = Retain::Age { ms: 90 * 86_400_000, by: "sent_at" };
    assert_eq!((message.every, message.retain), (None, Some(age)));
    assert_eq!(Line::parts().retain, Some(Retain::Count { most: 1000, by: None }));
    assert_eq!(Visit::parts().retain, Some(Retain::Count { most: 100, by: Some("at") }));
    assert_eq!(Stamp::parts().retain, Some(Retain::Age { ms: 60_000, by: "read_at" }));
}

/// A line of a log, of which the last thousand stay.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Room, retain = 1000)]
struct Line {
    #[sync(key)]
    id: Id,
}

/// Two times, of which one counts.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Room, retain(read_at) = "1m")]
struct Stamp {
    #[sync(key)]
    id: Id,
    sent_at: Timestamp,
    read_at: Timestamp,
}

/// The newest hundred, by the one time that there is.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Room, retain = 100)]
struct Visit {
    #[sync(key)]
    id: Id,
    at: Timestamp,
}

#[test]
fn what_is_open_to_anyone_is_told_as_it_is_written() {
    assert_eq!(Message::parts().anyone, ["create"]);
    assert_eq!(Room::parts().anyone, ["create"]);
    assert!(Poll::parts().anyone.is_empty());
}

#[test]
fn a_default_in_quotes_is_text_of_whatever_type() {
    let raw = |text: &str| Some(Raw::encode(text).unwrap());
    let (id, at) = (raw("m"), Some(Raw::encode(&Timestamp::default()).unwrap()));
    let views = Some(Raw::encode(&1_u64).unwrap());
    let cells = [id, raw("ann"), at, raw("hi"), None, None, None, views, None, None];
    let made = (Message::parts().decode)(&mut Columns::new(&cells)).unwrap();
    assert_eq!((made.language.as_str(), made.thread), ("en", Some(Id::from("general"))));
    assert_eq!((made.stars, made.edited), (3, false));
}

#[test]
fn policies_are_asked_of_whom_they_look_at() {
    let room = room(&["ann"]);
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
