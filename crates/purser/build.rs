//! The console is inside the program: what its build leaves is looked at whenever it changes.

fn main() {
    println!("cargo::rerun-if-changed=../../console/dist");
}
