//! What people read before and after the gate: phones, codes, names, accounts, decisions, staff.

sections! {
    "Phones and one-time codes" Party {
        "phone_invalid": "手机号格式不正确，请填写 11 位手机号。", "This is not a mobile number; enter its 11 digits.";
        "phone_virtual_operator": "不支持虚拟运营商号段，请使用三大运营商或广电的手机号。",
            "Numbers of virtual operators cannot be bound; use one of a network operator.";
        "phone_missing": "尚未绑定手机号，请先绑定。", "No phone is bound; bind one first.";
        "code_sender_missing" Platform: "平台尚未开通短信服务，请联系平台。",
            "The platform has no service that sends codes yet; contact the platform.";
        "code_daily_limit": "该手机号今日验证码已达上限，请明天再试。",
            "This phone has had its codes for today; try again tomorrow.";
        "code_too_soon": "验证码刚刚发送，请稍后再获取。", "A code was sent a moment ago; wait before asking for another.";
        "code_missing": "请输入短信验证码。", "Enter the code that was sent to the phone.";
        "code_tries_exhausted": "验证码错误次数过多，请重新获取。", "Too many wrong tries; ask for a new code.";
        "code_expired": "验证码已过期，请重新获取。", "The code has expired; ask for a new one.";
        "code_used": "验证码已使用，请重新获取。", "The code was used before; ask for a new one.";
        "code_for_another": "验证码不是用于本次操作，请重新获取。", "The code was sent for something else; ask for a new one.";
        "code_wrong": "验证码错误。", "The code is wrong.";
        "code_in_dry_run": "试算无需验证码，请去掉后再试。", "Trying takes no code; leave it out.";
        "secrets_key_missing" Platform: "平台暂不能保存个人信息，请联系平台。",
            "The platform cannot store personal data now; contact the platform.";
        "sealed_value_broken" Platform: "已保存的信息无法读取，请联系平台。", "What is stored cannot be read; contact the platform.";
    }
    "Real names" Party {
        "party_unknown": "账户不存在。", "There is no such account.";
        "party_closed" Staff: "账户已关闭。", "The account is closed.";
        "identity_verified": "已完成实名认证，不能修改；如有错误请联系平台。",
            "The real name is verified and cannot be changed; if it is wrong, contact the platform.";
        "identity_pending" Staff: "实名认证审核中，请等待结果。", "The real name is being verified; wait for the answer.";
        "identity_kind": "企业请用企业名称和统一社会信用代码认证，个人请用姓名和身份证号认证。",
            "A company is verified by its name and code, a person by name and identity number.";
        "identity_missing": "请先完成实名认证。", "Verify the real name first.";
        "identity_not_verified": "该账户没有已通过的实名认证。", "The account has no verified identity.";
        "name_invalid": "姓名或名称格式不正确，请按证件填写。", "The name cannot be right; enter it as on the document.";
        "id_number_shape": "身份证号格式不正确，应为 18 位。", "An identity number has 18 characters.";
        "id_number_region": "身份证号有误，请核对前两位地区码。", "The first two digits of the identity number are no region.";
        "id_number_birth_date": "身份证号有误，请核对出生日期。", "The date of birth in the identity number cannot be right.";
        "id_number_check": "身份证号有误，请核对后重新填写。", "The identity number has a typing error.";
        "uscc_shape": "统一社会信用代码格式不正确，应为 18 位。", "A unified social credit code has 18 characters.";
        "uscc_check": "统一社会信用代码有误，请核对后重新填写。", "The unified social credit code has a typing error.";
        "verifier_missing" Platform: "平台尚未开通实名认证服务，请联系平台。",
            "The platform has no service that verifies identities yet; contact the platform.";
        "reason_invalid": "请填写原因，长度有限，且不能含个人信息。", "Give a short reason with nothing personal in it.";
        "not_sandbox": "仅沙箱环境可用。", "This works in a sandbox only.";
    }
    "Payout accounts" Party {
        "payout_account_kind": "不支持该类收款账户。", "This kind of payout account is not supported.";
        "payout_account_number": "收款账号格式不正确，请核对。", "The number does not look like one of this kind of account.";
        "card_number_shape": "银行卡号格式不正确，请核对卡面卡号。", "A card number has 15 to 19 digits.";
        "credit_card": "不支持信用卡，请使用借记卡。", "Money can be paid to debit cards only, not to credit cards.";
        "card_check_unconfirmed": "卡号末位校验不符，请核对；确认无误可继续。",
            "The last digit of the card does not fit; look again, and confirm it if it is right.";
        "holder_invalid": "请填写银行预留的户名。", "Enter the holder's name as the bank knows it.";
        "bank_missing": "请填写开户银行。", "Enter the bank of the account.";
        "cnaps_invalid": "联行号有误，应为 12 位数字。", "A clearing code has 12 digits.";
        "holder_mismatch": "收款账户户名须与实名认证信息一致。", "The account must belong to the verified person or company.";
        "payout_account_exists": "该收款账户已绑定。", "This payout account is bound already.";
        "payout_accounts_too_many": "收款账户数量已达上限，请先解绑不用的账户。",
            "There are too many payout accounts; take one away first.";
        "payout_account_unknown": "收款账户不存在。", "There is no such payout account.";
        "destination_missing": "请先绑定或选择收款账户。", "Bind or choose a payout account first.";
    }
    "People who act for a party" Party {
        "person_unknown": "操作人不存在。", "There is no such person.";
        "person_may_not_request": "该操作人仅可查看，不能申请提现。", "This person may only look, not ask for withdrawals.";
        "person_may_not_approve": "该操作人没有审批权限。", "This person may not approve.";
        "people_too_many": "操作人数量已达上限。", "There are too many people.";
        "version_conflict": "内容已被他人修改，请刷新后重试。", "It was changed meanwhile; read it again.";
    }
    "Decisions about a withdrawal" Staff {
        "withdrawal_unknown": "提现记录不存在。", "There is no such withdrawal.";
        "withdrawal_finished": "提现已结束，不能再操作。", "The withdrawal is finished.";
        "withdrawal_state_change": "提现当前状态不能进行此操作。", "The withdrawal is in a state that does not allow this.";
        "already_sent": "提现已提交打款，不能撤销。", "The withdrawal was sent already and cannot be called off.";
        "same_person": "须由两名不同的人员审批。", "Two different people must approve.";
        "note_missing": "请填写原因，1–500 个字符，不换行。", "Give a reason of 1 to 500 characters on one line.";
        "not_due_yet": "提现尚未到处理时间。", "The withdrawal is not due yet.";
        "slice_unknown": "该笔打款不存在。", "The withdrawal has no such part.";
        "outcome_conflict": "渠道结果前后不一致，平台正在核对。",
            "The payment channel contradicts itself; the platform is looking into it.";
        "not_in_doubt": "该笔打款的结果并无疑问：已有定论，或仍可能发出。",
            "The part is not in doubt: it has come to its end, or may still be sent.";
        "inquiry_too_early": "承诺到账时间未过，请先等待渠道答复。",
            "The payment channel still has time to answer; settle it by inquiry once the promised time is over.";
        "inquiry_outdated": "该笔打款已换号或换文件，请重新向渠道核实后再提交。",
            "It goes under another number or in another file by now: ask the channel again and propose what it says then.";
        "staff_needed": "须由平台工作人员登录后操作。", "A member of staff has to do this, signed in.";
        "rail_unknown": "打款渠道不存在。", "There is no such payment channel.";
    }
    "Files for the bank" Staff {
        "rail_not_connected" Platform: "本服务器未连接银行，请联系平台。", "This server is not connected to the bank; start one that is.";
        "amount_overflow" Platform: "付款文件的合计金额超出可处理的范围。", "The sum of the file is beyond what can be handled.";
        "payment_info_inconsistent": "同一付款编号的金额或收款人不一致，请核对。",
            "The same reference came with another amount or payee; look again.";
        "bank_file_unknown": "付款文件不存在。", "There is no such bank file.";
        "bank_file_not_given_out": "付款文件尚未被下载，请先下载并交给银行，再标记为已发送。",
            "Nobody has had the file yet; download it, bring it to the bank, and note it then.";
        "bank_file_not_ready": "付款文件尚未生成或已作废，请先关闭文件并等待生成。",
            "The file has no bytes: close it and wait until it is ready, or take the file that came after it.";
        "bank_file_held_back": "文件中有收款人暂不能付款，请作废该文件重新生成，或先解除限制。",
            "A payee in the file may not be paid now; dissolve the file, or lift what holds the payee back.";
        "bank_file_outdated": "文件中有付款已另行了结，该文件不得再交给银行。",
            "An order in the file was settled otherwise since; the file must not go to the bank any more.";
        "bank_file_given_out": "文件内容已交付，不能作废，否则可能重复付款。",
            "Somebody may have the file already; it cannot be dissolved, or its orders could be paid twice.";
    }
    "What two people decide" Staff {
        "actor_missing": "缺少操作人。", "It is not said who does this.";
        "approval_unknown": "审批单不存在。", "There is no such proposal.";
        "approval_decided": "审批单已处理。", "The proposal is decided already.";
        "approval_same_person": "提交人不能审批自己的申请，须由另一人审批。",
            "Whoever proposed it cannot decide it; a second person has to.";
        "approval_outdated": "该审批单缺少现在必填的内容，请驳回后重新提交。",
            "The proposal lacks what is asked now; refuse it and propose it again.";
        "approval_open": "相同的申请已提交，请直接审批。", "The same is proposed already; decide it.";
        "approval_required": "须先由另一人审批。", "A second person has to approve this first.";
        "policy_unreadable": "政策文件有误，请按提示修改。", "The policy file has errors; see where.";
    }
    "Staff accounts" Staff {
        "sign_in_refused": "账号或密码错误。", "Login or password is wrong.";
        "account_locked": "密码错误次数过多，账号已暂时锁定。", "Too many wrong passwords; the account is locked for a while.";
        "totp_required": "请输入动态验证码。", "Enter the one-time code of your device.";
        "totp_wrong": "动态验证码错误或已使用。", "The one-time code is wrong, or was used before.";
        "totp_enrolled": "该账号已绑定动态验证设备，请先解除。", "The account has a device already; remove it first.";
        "totp_not_begun": "该账号尚未绑定动态验证设备。", "The account has no device.";
        "login_taken": "该登录名已存在。", "There is an account with this login.";
        "staff_unknown": "账号不存在。", "There is no such account.";
        "session_unknown": "登录已失效，请重新登录。", "The session is gone; sign in again.";
        "not_a_session": "API 密钥不能退出登录。", "An API key does not sign out.";
        "scope_missing": "没有权限。", "You are not allowed to do this.";
        "busy" Nobody: "系统繁忙，请稍后再试。", "Too busy; try again.";
        "totp_own_reset": "本人的验证设备须凭其验证码解除；遗失时请另一位管理员处理。",
            "Your own device goes with a code of it; if it is lost, another admin takes it away.";
        "totp_enrolment_needed": "您的角色需要动态验证码，请先绑定设备。", "Your role needs a device for one-time codes; enrol it first.";
        "rate_limited" Nobody: "操作过于频繁，请稍后再试。", "Too many requests; wait a moment.";
        "password_change_needed": "您的密码由他人设置，请先修改密码。", "Somebody else has set your password; change it first.";
        "password_wrong": "原密码错误。", "The password until now is wrong.";
        "password_same": "新密码不能与原密码相同。", "Choose another password than until now.";
    }
    "The portal" Party {
        "portal_link_refused": "登录链接无效、已使用或已过期，请回到平台重新进入。",
            "The link was used before, has expired or is not whole; enter from the platform again.";
        "portal_session_other": "本浏览器已登录另一个账户，请确认后再切换。",
            "This browser is signed in for another account; confirm that you want to change.";
        "portal_session_needed": "请从平台进入后再操作。", "Enter from the platform first.";
        "portal_closed": "此处不能进行该操作。", "This cannot be done here.";
        "role_insufficient" Platform: "您的角色没有此权限，请联系平台调整。", "Your role does not allow this; ask the platform to change it.";
        "role_exceeded" Platform: "不能授予超出该操作人角色的权限。", "A link gives no more than the person's own role.";
        "key_needed" Platform: "登录链接由平台系统签发。", "The platform's program mints links.";
        "not_yours": "内容不存在，或不属于您的账户。", "There is no such thing, or it is not yours.";
        "csrf_token_wrong": "页面已失效，请刷新后重试。", "The page is out of date; reload it and try again.";
        "body_too_large": "提交的内容过大。", "What was sent is too large.";
        "json_invalid": "提交的内容格式有误。", "What was sent cannot be read.";
        "persona_unknown": "没有这个演示身份。", "The demo has nobody of this name.";
    }
}
