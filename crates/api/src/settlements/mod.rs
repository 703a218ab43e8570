//! Corporate settlement (X16): what is listed, statements, papers, payment.

mod read;
mod view;
mod write;

pub(crate) use read::{
    __path_export_orders, __path_get_settlement, __path_list_orders_of_payee,
    __path_list_orders_of_settlement, __path_list_settlement_months, __path_list_settlements, export_orders,
    get_settlement, list_orders_of_payee, list_orders_of_settlement, list_settlement_months,
    list_settlements,
};
pub(crate) use write::{
    __path_add_settlement_line, __path_answer_settlement, __path_cancel_settlement, __path_decide_settlement,
    __path_dispute_settlement, __path_generate_settlement, __path_pay_settlement_again,
    __path_sign_settlement, __path_submit_invoice, __path_void_settlement, add_settlement_line,
    answer_settlement, cancel_settlement, decide_settlement, dispute_settlement, generate_settlement,
    pay_settlement_again, sign_settlement, submit_invoice, void_settlement,
};
