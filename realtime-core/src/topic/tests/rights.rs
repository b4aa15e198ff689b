//! Who sees what of which commit: rules S14, S15, S18, S19, S23, S35 over readers of different rights.

use super::{
    super::event::Event,
    stage::{Reader, Stage},
    world::Dice,
};

/// A room of ann's, with a note of ben's.
fn room() -> Stage {
    let mut stage = Stage::new(None);
    stage.call("Room", "create", "r", &[(1, "ann"), (2, "false"), (3, "for ann")]);
    stage.call("Note", "create", "n", &[(1, "ben"), (2, "hello"), (3, "for ben")]);
    stage
}

fn log(stage: &mut Stage, key: super::super::event::SubKey) -> Vec<String> {
    std::mem::take(&mut stage.readers.get_mut(&key).unwrap().log)
}

#[test]
fn s18_each_reader_gets_what_its_roles_and_the_rows_owners_allow() {
    let mut stage = room();
    let (ann, ben, eve) = (stage.join("ann", None), stage.join("ben", None), stage.join("eve", None));
    assert_eq!(log(&mut stage, ann), ["snapshot", "page: r whole"]);
    assert_eq!(log(&mut stage, ben), ["snapshot", "page: r part 0,1,2; n whole"]);
    assert_eq!(log(&mut stage, eve), ["snapshot", "page: r part 0,1,2"]);
    stage.call("Note", "patch", "n", &[(2, "again"), (3, "still for ben")]);
    stage.call("Room", "patch", "r", &[(3, "ann's own")]);
    assert_eq!(log(&mut stage, ben), ["delta 2+1: n columns 2,3"]);
    assert!(log(&mut stage, eve).is_empty(), "commits that hold nothing for a class are skipped");
    assert_eq!(log(&mut stage, ann), ["delta 2+2: r columns 3"]);
}

#[test]
fn s18_a_row_that_moves_between_owners_leaves_one_and_comes_whole_to_the_other() {
    let mut stage = room();
    let (ann, ben) = (stage.join("ann", None), stage.join("ben", None));
    log(&mut stage, ann);
    log(&mut stage, ben);
    stage.call("Note", "patch", "n", &[(1, "ann")]);
    assert_eq!(log(&mut stage, ben), ["delta 2+1: n leaves"]);
    assert_eq!(log(&mut stage, ann), ["delta 2+1: n whole"]);
}

#[test]
fn s14_an_owner_atom_that_changes_shows_other_columns_so_the_row_comes_whole() {
    let mut stage = room();
    stage.call("Room", "patch", "r", &[(2, "true")]);
    let ben = stage.join("ben", None);
    log(&mut stage, ben);
    stage.call("Note", "patch", "n", &[(1, "eve")]);
    assert_eq!(log(&mut stage, ben), ["delta 3+1: n part 0,1,2"]);
}

#[test]
fn s18_a_root_that_changes_moves_rows_that_nobody_touched() {
    let mut stage = room();
    let eve = stage.join("eve", None);
    log(&mut stage, eve);
    stage.call("Room", "patch", "r", &[(2, "true")]);
    // The room's own `public` decides by role: the class is another one, and comes whole.
    assert_eq!(log(&mut stage, eve), ["reset class", "snapshot class", "page: r part 0,1,2; n part 0,1,2"]);
    stage.call("Room", "patch", "r", &[(2, "false")]);
    assert_eq!(log(&mut stage, eve), ["reset class", "snapshot class", "page: r part 0,1,2"]);
}

#[test]
fn s35_who_loses_a_role_gets_the_topic_as_he_sees_it_now_and_nothing_of_the_commit() {
    let mut stage = room();
    let ann = stage.join("ann", None);
    log(&mut stage, ann);
    stage.call("Room", "patch", "r", &[(1, "eve"), (3, "about ann")]);
    assert_eq!(log(&mut stage, ann), ["reset class", "snapshot class", "page: r part 0,1,2"]);
    assert_eq!(stage.readers[&ann].rows, stage.truth("ann"));
}

#[test]
fn s20_a_returning_reader_of_the_same_class_resumes_and_of_another_gets_a_snapshot() {
    let mut stage = room();
    let ben = stage.join("ben", None);
    log(&mut stage, ben);
    let gone = stage.leave(ben);
    stage.call("Note", "patch", "n", &[(2, "missed")]);
    stage.call("Note", "create", "m", &[(1, "eve"), (2, "x"), (3, "y")]);
    let ben = stage.join("ben", Some(gone));
    assert_eq!(log(&mut stage, ben), ["resumed", "delta 2+2: n columns 2"]);
    let gone = stage.leave(ben);
    stage.call("Room", "patch", "r", &[(1, "ben")]);
    let ben = stage.join("ben", Some(gone));
    assert_eq!(log(&mut stage, ben), ["snapshot class", "page: r whole; n whole"]);
}

#[test]
fn s13_whoever_waits_for_a_mark_is_told_that_it_is_reached_even_where_the_commit_holds_nothing_for_it() {
    let mut stage = room();
    let (one, two) = (stage.join("eve", None), stage.join("eve", None));
    log(&mut stage, one);
    log(&mut stage, two);
    let create = ("Note", "create", "for-ben");
    let args = [(1, "ben"), (2, "x"), (3, "y")];
    stage.call_as(one, ("eve", 1), create, &args);
    // Both hold the lane, so both are told.
    assert_eq!(log(&mut stage, one), ["ack @3", "delta 2+1: "]);
    assert_eq!(log(&mut stage, two), ["ack @3", "delta 2+1: "]);
    stage.call("Note", "create", "another", &[(1, "ben"), (2, "x"), (3, "y")]);
    assert!(log(&mut stage, one).is_empty());
    stage.call_as(two, ("eve", 1), create, &args);
    assert_eq!(log(&mut stage, two), ["ack @3", "delta 3+1: "]);
    // What changes nothing has the head as its mark.
    stage.call_as(one, ("eve", 2), ("Room", "patch", "r"), &[(2, "false")]);
    assert_eq!(log(&mut stage, one), ["ack @4", "delta 3+1: "]);
}

#[test]
fn s22_after_a_load_readers_go_on_from_where_the_last_of_them_may_stand() {
    let mut stage = room();
    let eve = stage.join("eve", None);
    log(&mut stage, eve);
    stage.call("Note", "patch", "n", &[(2, "again")]);
    stage.reload();
    assert_eq!(log(&mut stage, eve), ["resumed", "delta 2+1: "]);
    assert_eq!(stage.readers[&eve].at.map(|at| at.offset), Some(3));
}

#[test]
fn s14_what_entered_and_left_within_one_catch_up_leaves() {
    let mut stage = room();
    let eve = stage.join("eve", None);
    log(&mut stage, eve);
    let gone = stage.leave(eve);
    stage.call("Note", "patch", "n", &[(1, "eve")]);
    stage.call("Note", "patch", "n", &[(1, "ben")]);
    let eve = stage.join("eve", Some(gone));
    assert_eq!(log(&mut stage, eve), ["resumed", "delta 2+2: n leaves"]);
}

#[test]
fn s15_a_reader_that_stalls_gets_one_catch_up_for_all_it_missed() {
    let mut stage = room();
    let ben = stage.join("ben", None);
    log(&mut stage, ben);
    stage.stall(ben);
    stage.call("Note", "patch", "n", &[(2, "one")]);
    stage.call("Note", "patch", "n", &[(2, "two")]);
    stage.call("Note", "delete", "n", &[]);
    log(&mut stage, ben);
    stage.drain(ben);
    assert_eq!(log(&mut stage, ben), ["delta 2+3: n leaves"]);
    assert_eq!(stage.readers[&ben].rows, stage.truth("ben"));
}

#[test]
fn s15_a_topic_with_every_is_flushed_when_its_time_has_come() {
    let mut stage = Stage::new(Some(50));
    stage.call("Room", "create", "r", &[(1, "ann"), (2, "true"), (3, "")]);
    stage.flush();
    let ben = stage.join("ben", None);
    log(&mut stage, ben);
    for text in ["one", "two", "three"] {
        stage.call("Room", "patch", "r", &[(1, text)]);
    }
    assert!(log(&mut stage, ben).is_empty());
    stage.flush();
    assert_eq!(log(&mut stage, ben), ["delta 1+3: r columns 1"]);
}

#[test]
fn s23_a_large_snapshot_comes_as_the_reader_has_room_and_stays_exact_meanwhile() {
    let mut stage = Stage::new(None);
    stage.call("Room", "create", "r", &[(1, "ann"), (2, "true"), (3, "")]);
    let long = "x".repeat(1_000);
    for n in 0..200 {
        stage.call("Note", "create", &format!("n{n:03}"), &[(1, "eve"), (2, &long), (3, "")]);
    }
    let ben = stage.join("ben", None);
    assert!(stage.readers[&ben].rows.len() < 100, "only the first pages come unasked");
    for at in [3, 50, 120, 199] {
        stage.call("Note", "delete", &format!("n{at:03}"), &[]);
        stage.call("Note", "create", &format!("m{at:03}"), &[(1, "ben"), (2, &long), (3, "p")]);
        stage.more(ben);
    }
    while stage.more(ben) {}
    assert_eq!(stage.readers[&ben].rows, stage.truth("ben"));
}

#[test]
fn s23_a_reader_that_drained_before_its_class_changed_loses_no_page_of_the_new_snapshot() {
    let mut stage = Stage::new(None);
    stage.call("Room", "create", "r", &[(1, "ann"), (2, "true"), (3, "")]);
    let long = "x".repeat(1_000);
    for n in 0..200 {
        stage.call("Note", "create", &format!("n{n:03}"), &[(1, "eve"), (2, &long), (3, "")]);
    }
    let ben = stage.join("ben", None);
    stage.more(ben);
    let (late, count) = (stage.stamp(ben), stage.worker.subs[&ben].count);
    assert!(late.as_ref().is_some_and(|stamp| stamp.next.is_some()), "half of it is there");
    stage.call("Room", "patch", "r", &[(1, "ben")]);
    stage.step(Event::Drained { key: ben, at: late, count });
    stage.settle();
    while stage.more(ben) {}
    assert_eq!(stage.readers[&ben].rows, stage.truth("ben"));
}

/// How many seeds: more where the long matrices are asked for.
fn seeds() -> u64 {
    if std::env::var_os("REALTIME_TEST_ALL").is_some() { 20_000 } else { 300 }
}

#[test]
fn s19_l8_l9_every_reader_converges_to_what_it_may_see_whatever_changes_and_never_gets_more() {
    for seed in 0..seeds() {
        let mut dice = Dice::new(seed);
        let mut stage = Stage::new([None, Some(50)][dice.below(2)]);
        stage.call("Room", "create", "r", &[(1, "ann"), (2, "false"), (3, "notes")]);
        let mut keys: Vec<_> = ["ann", "ben", "eve"].map(|who| stage.join(who, None)).into();
        for _ in 0..40 {
            act(&mut stage, &mut keys, &mut dice);
        }
        stage.flush();
        for key in keys {
            stage.drain(key);
            while stage.more(key) {}
            let reader = &stage.readers[&key];
            assert_eq!(
                reader.rows,
                stage.truth(&reader.who),
                "seed {seed}, {}: {:#?}",
                reader.who,
                reader.log
            );
        }
    }
}

fn act(stage: &mut Stage, keys: &mut [super::super::event::SubKey], dice: &mut Dice) {
    let users = ["ann", "ben", "eve"];
    let (note, who) = (["a", "b", "c"][dice.below(3)], users[dice.below(3)]);
    let text = format!("t{}", dice.below(1_000));
    let at = dice.below(keys.len());
    match dice.below(12) {
        0 | 1 => stage.call("Note", "create", note, &[(1, who), (2, &text), (3, &text)]),
        2 => stage.call("Note", "delete", note, &[]),
        3 | 4 => stage.call("Note", "patch", note, &[(1, who)]),
        5 => stage.call("Note", "patch", note, &[(2, &text), (3, &text)]),
        6 => stage.call("Room", "patch", "r", &[(1, who), (3, &text)]),
        7 => stage.call("Room", "patch", "r", &[(2, ["true", "false"][dice.below(2)])]),
        8 => stage.stall(keys[at]),
        9 => stage.drain(keys[at]),
        10 => stage.flush(),
        _ => {
            stage.drain(keys[at]);
            let gone: Reader = stage.leave(keys[at]);
            let who = gone.who.clone();
            let returns = dice.below(4) != 0;
            keys[at] = stage.join(&who, returns.then_some(gone));
        }
    }
}
