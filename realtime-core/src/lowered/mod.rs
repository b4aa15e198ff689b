//! What the macros put in place of a mutator's operations: checked arithmetic, and the probes beside method calls.
