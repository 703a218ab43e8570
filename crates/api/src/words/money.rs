//! What is read about money that comes in, about the ledger, and about the pay-later limit.

sections! {
    "Payment orders, payments, refunds" Party {
        "payment_order_unknown": "付款单不存在。", "There is no such payment order.";
        "payment_unknown": "付款记录不存在。", "There is no such payment.";
        "payment_refund_unknown": "退款记录不存在。", "There is no such refund.";
        "payment_method_unknown": "付款方式不存在。", "There is no such method of payment.";
        "payment_conflict" Staff: "该笔付款已按其他内容登记，请核对。", "This payment was entered with another content; look again.";
        "payment_order_open": "付款单仍有效，请先付款或关闭。", "The payment order is still open; pay it, or close it first.";
        "payment_order_paid": "付款单已支付。", "The payment order is paid.";
        "payment_order_replaced": "付款单已重新生成，请使用新的付款单。", "The payment order was made anew; use the new one.";
        "payment_method_unavailable" Platform: "暂不支持该付款方式，请换一种。", "This way of paying is not offered now; choose another one.";
        "not_an_advertiser": "仅广告主可为推广账户充值。", "Only an advertiser can top up an advertising account.";
        "payment_below_minimum": "低于最低付款金额。", "The amount is below the least that can be paid.";
        "payment_above_maximum": "超过单笔最高付款金额。", "The amount is above the most that one order takes.";
        "payment_orders_too_many": "未付款的付款单过多，请先付款或关闭。", "There are too many open payment orders; pay or close one first.";
        "payment_assigned" Staff: "该笔付款已归属账户。", "The payment belongs to an account already.";
        "payment_goes_back" Staff: "该笔付款正在退回或已退回。", "The payment is on its way back, or is back already.";
        "payment_refund_not_by_hand" Staff: "该退款由渠道处理，不能手动登记结果。", "The rail carries this refund; its outcome is not entered by hand.";
        "nothing_to_refund": "该笔付款已无可退金额。", "Nothing of this payment can be given back any more.";
        "refund_too_much": "退款金额超过可退金额。", "The amount is more than can be given back.";
        "refunds_off" Platform: "按规则仅退回超时、重复或无法归属的付款。", "Only late, double and unassigned payments are given back.";
        "cash_not_enough": "账户余额不足以退款。", "The account has less than that left.";
    }
    "Reconciliation" Staff {
        "statement_currency": "对账单币种与账簿不一致。", "The statement is in another currency than the books.";
        "statement_lines_missing": "对账单前面的明细尚未导入，请重新导入该文件。", "Lines before these are not in; give the file again.";
        "statement_day_open": "对账单的最后一天尚未结束，请次日再导入。", "The statement's last day is not over; give it the day after.";
        "statement_covered": "该日期已有其他对账单。", "Another statement covers these days.";
        "statement_gap": "期初余额与上一份对账单的期末余额不符，中间可能缺一份。", "The opening balance is not what the statement before closed with; one between them is missing.";
        "statement_sums": "对账单的期初、明细与期末不平。", "Opening balance and lines do not add up to the closing balance.";
        "statement_empty": "对账单没有明细。", "The statement has no lines.";
        "statement_days": "对账单的起止日期有误。", "The days of the statement are the wrong way round.";
        "statement_day_outside": "有明细不在对账单的日期范围内。", "A line lies outside the days of the statement.";
        "rail_statement_unknown": "对账单不存在。", "There is no such statement.";
        "reconciliation_item_unknown": "对账差异不存在。", "There is no such item.";
        "reconciliation_item_closed": "该差异已处理。", "The item is closed.";
        "reconciliation_item_in_transit": "该差异仍在途，对方账目可能稍后到达。", "The item is in transit; the other side may still come.";
        "reconciliation_items_not_opposite": "两笔差异不能互相对冲。", "The two items are not one movement.";
        "reconciliation_item_changed": "差异金额已变化，请重新提交。", "The item says another amount by now; propose it anew.";
    }
    "The ledger" Staff {
        "id_reused": "该转账编号已用于其他内容，请使用新的编号。", "This transfer id was used with another content; use a new one.";
        "account_unknown": "账户不存在。", "There is no such account.";
        "transfer_unknown": "转账记录不存在。", "There is no such transfer.";
        "statement_too_long" Party: "对账单行数过多，请下载 CSV 文件。", "The statement has too many lines for a workbook; take the CSV file.";
        "transfer_bound": "该转账由业务记录生成，不能直接操作。", "The transfer belongs to a record and is changed with it.";
        "account_not_manual": "该科目不能手动记账。", "This account is not booked by hand.";
        "reason_missing": "请填写原因。", "Say why.";
        "reference_missing": "请填写凭证号。", "Give a reference.";
        "amount_zero": "金额不能为 0。", "The amount is above or below zero.";
        "hold_unknown": "冻结记录不存在。", "There is no such hold.";
        "hold_settled": "冻结金额已全部结算。", "The hold is settled in full.";
        "hold_released": "冻结已释放。", "The hold was released.";
        "hold_expired": "冻结已到期。", "The hold has expired.";
        "hold_exceeded": "金额超过剩余冻结金额。", "The amount is more than the hold still reserves.";
        "not_reversible": "仅已入账的转账可以冲正。", "Only posted and settled transfers can be reversed.";
        "reversal_id_wrong": "冲正编号须由原转账推导。", "The id of a reversal follows from its transfer.";
        "same_account": "借方与贷方不能是同一账户。", "Debit and credit must be different accounts.";
        "debit_account_unknown": "借方账户不存在。", "The debit account does not exist.";
        "credit_account_unknown": "贷方账户不存在。", "The credit account does not exist.";
        "debit_account_closed": "借方账户已关闭。", "The debit account is closed.";
        "credit_account_closed": "贷方账户已关闭。", "The credit account is closed.";
        "expiry_in_past": "到期时间不能早于当前时间。", "The end would lie before the beginning.";
        "debit_insufficient_funds": "借方账户可用余额不足。", "The debit account has too little available.";
        "credit_insufficient_funds": "贷方账户可用余额不足。", "The credit account has too little available.";
        "balance_overflow": "余额超出可处理的范围。", "A balance would not fit.";
    }
    "Applications and appeals of the pay-later limit" Party {
        "party_not_active" Staff: "账户未处于正常状态，暂不能申请。", "The account is not active; nothing can be applied for.";
        "application_unknown": "申请不存在。", "There is no such application.";
        "application_pending": "同类申请正在审核，可补充资料或先撤回。", "An application of this kind is open; add to it, or withdraw it first.";
        "application_not_pending" Staff: "申请已处理或已撤回。", "The application is decided already, or was withdrawn.";
        "credit_shop_unknown": "尚无该店铺的资料，请先申请开通先用后付。", "Nothing is known of this shop; apply to open the service first.";
        "credit_open_already": "先用后付已开通。", "The service is open already.";
        "credit_closed": "先用后付正在关闭或已关闭，请先重新申请开通。", "The service is closing or closed; apply to open it again first.";
        "limit_zeroed": "额度因规则为零，请先申诉，提额申请不会生效。", "A rule holds the limit at zero; appeal against it.";
        "shop_figure_missing": "请补充店铺数据。", "A figure of the shop is missing.";
        "shop_figure_invalid": "店铺数据不正确，请核对。", "A figure of the shop cannot be right.";
        "partner_invalid": "请填写合作机构名称，1–100 个字符。", "Name the partner, in 1 to 100 characters.";
        "promotion_unknown": "没有即将开始的该项大促。", "There is no such sale to come.";
        "promotion_overlaps": "大促期间已有另一项临时提额。", "Another sale boost lies in these dates.";
        "grant_too_large" Staff: "批准额度不能超过申请额度。", "No more can be granted than was applied for.";
        "grant_source_invalid" Staff: "提额只能增加信用评估、等级销量或服务质量额度。", "A raise grows one of the three parts that policy names.";
        "promotion_too_large" Staff: "提额比例超出规则允许的范围。", "The rate is above what policy lets staff grant, or not above zero.";
        "dates_invalid" Staff: "日期不正确：额度须在今日之后到期，仅合作机构额度有期限。", "A part ends after today; only a partner's part has an end.";
        "evidence_missing" Staff: "请指明该商家含有材料附件的工单，临时额度须有依据。", "Name a case of this merchant that has the papers as files; a temporary limit rests on evidence.";
        "appeal_unfounded": "当前额度未受该项规则限制，无需申诉。", "The limit is not held by this; there is nothing to appeal against.";
        "appeal_pending": "该项申诉正在处理，可补充资料或先撤回。", "An appeal against this is open; add to its case, or withdraw it first.";
        "appeal_plan_invalid": "请填写整改方案，1–4000 个字符。", "An appeal comes with a plan of 1 to 4,000 characters.";
        "appeal_not_pending" Staff: "没有待处理的该项申诉。", "There is no open appeal against this.";
        "appeal_until_invalid" Staff: "请填写暂缓规则的截止日期，须在今日之后且不超过一年；标记类规则无需日期。",
            "Say until when a rule is set aside, at most a year ahead; a flag has no date.";
    }
}
