//! What the back office reads besides what everybody reads: who is signed in, who works here, and what waits for people.

mod desk;
mod flow;
mod session;

pub(crate) use desk::{__path_get_desk, get_desk};
pub(crate) use session::{
    __path_get_staff_session, __path_list_colleagues, get_staff_session, list_colleagues,
};
