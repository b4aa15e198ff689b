//! What tests of plugins and applications use: the suites of clauses.
