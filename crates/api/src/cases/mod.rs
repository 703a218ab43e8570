//! Cases (P26) and help (X17). The routes below a party are the party's own: they reach only what is its own and
//! shown to it, and never what the desk wrote for itself. The others are the desk's.

mod desk;
mod dto;
mod files;
mod help;
mod own;

pub(crate) use desk::{
    assign_case, attach_to_case, decide_case, get_case, get_case_attachment, list_cases, reopen_case,
    say_in_case,
};
pub(crate) use dto::{CaseView, Viewer};
pub(crate) use files::UPLOADS;
pub(crate) use help::{LinkView, list_contacts};
pub(crate) use own::{
    attach_to_own_case, get_own_attachment, get_own_case, list_own_cases, open_case, reopen_own_case,
    say_in_own_case, withdraw_own_case,
};

// What `document.rs` names: the operations that utoipa makes beside the handlers.
pub(crate) use desk::{
    __path_assign_case, __path_attach_to_case, __path_decide_case, __path_get_case,
    __path_get_case_attachment, __path_list_cases, __path_reopen_case, __path_say_in_case,
};
pub(crate) use help::__path_list_contacts;
pub(crate) use own::{
    __path_attach_to_own_case, __path_get_own_attachment, __path_get_own_case, __path_list_own_cases,
    __path_open_case, __path_reopen_own_case, __path_say_in_own_case, __path_withdraw_own_case,
};
