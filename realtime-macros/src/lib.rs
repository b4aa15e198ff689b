//! Tokens -> checked model -> tokens.
