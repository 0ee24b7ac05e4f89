//! Operators: what a command asks for as a whole, from a source to the files and images that are made of it.

pub mod refusal;
