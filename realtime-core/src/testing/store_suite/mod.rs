//! The suite of a store: one test and more for each clause of [`Store`](crate::store::Store).
//!
//! Each function here is a test; [`store_suite!`](crate::store_suite) makes a `#[test]` of each.

mod bounds;
mod compare;
mod crash;
mod keep;
mod make;
mod model;
mod read;

pub use bounds::*;
pub use compare::*;
pub use crash::*;
pub use keep::*;
pub use model::*;
pub use read::*;

/// Makes a test of each clause of a [`Store`](crate::store::Store).
///
/// ```
/// # fn main() {}
/// // Returns a store that is ready for use, and that no other test uses: one clause raises its form.
/// realtime_core::store_suite!(async || realtime_core::store::Memory::new());
/// ```
///
/// A store that outlives its process gives also how it is opened anew after a crash, so that C4 and C5 are tried
/// as what they say:
///
/// ```
/// # fn main() {}
/// use realtime_core::{store::Embedded, store_suite, testing::fresh_topic};
///
/// fn file() -> std::path::PathBuf {
///     std::env::temp_dir().join(format!("{}.db", fresh_topic("file").as_str().replace('/', "-")))
/// }
///
/// store_suite!(
///     async || Embedded::at(file()),
///     reopen = async |store: Embedded| {
///         let path = store.path().to_owned();
///         drop(store);
///         Embedded::at(path)
///     }
/// );
/// ```
#[macro_export]
macro_rules! store_suite {
    ($make:expr, reopen = $reopen:expr) => {
        $crate::store_suite!($make);
        $crate::__suite_tests! { store_suite, $make, $reopen;
            c4_what_was_acked_is_there_after_a_reopening
            c5_what_survives_is_a_prefix_with_its_lanes
            c12_a_raised_form_is_there_after_a_reopening
        }
    };
    ($make:expr) => {
        $crate::__suite_tests! { store_suite, $make;
            c1_a_commit_is_kept_in_all_its_parts
            c1_a_refused_commit_leaves_nothing
            c2_a_commit_from_an_older_position_is_told_what_it_missed
            c2_a_commit_from_another_history_is_forked
            c2_an_offset_that_no_topic_has_is_refused
            c2_a_lane_that_moved_is_told
            c2_another_form_is_refused
            c2_an_effect_is_taken_once
            c2_of_racing_writers_each_commit_has_one_place
            c2_of_racing_refusals_one_wins
            c2_random_commits_end_where_a_simple_model_ends
            c3_changes_take_the_next_offset_and_nothing_else_takes_one
            c4_an_ack_means_kept
            c6_a_page_is_of_one_position
            c6_lanes_are_of_the_position_that_is_named
            c6_a_scan_brings_each_row_once
            c7_an_answer_is_not_older_than_a_resolved_commit
            c8_an_update_leaves_other_columns_alone
            c8_appends_keep_their_order
            c9_replay_has_no_hole_however_small_its_pages
            c9_a_position_of_no_history_is_a_gap
            c10_the_log_keeps_a_bounded_number_of_commits
            c10_the_log_keeps_a_bounded_number_of_bytes
            c10_a_lane_keeps_what_its_client_has_not_got
            c10_a_commit_puts_a_bounded_number_of_effects
            c10_a_cleared_topic_goes_on_where_it_stood
            c11_a_dropped_commit_happens_whole_or_not_at_all
            c11_a_dropped_read_harms_nobody
            c10_a_trim_leaves_no_record_but_its_own
            c12_a_raised_form_is_the_only_one_that_is_kept
            c13_topics_that_were_written_before_are_named_page_by_page
        }
    };
}

/// One `#[test]` for each named function of a suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __suite_tests {
    ($suite:ident, $make:expr; $($name:ident)+) => {
        $(#[test] fn $name() { $crate::testing::run($crate::testing::$suite::$name($make)); })+
    };
    ($suite:ident, $make:expr, $more:expr; $($name:ident)+) => {
        $(#[test] fn $name() { $crate::testing::run($crate::testing::$suite::$name($make, $more)); })+
    };
}
