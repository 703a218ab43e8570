// How a page says that something did not work, and what to do about it.
import { Alert, Button } from "antd";
import { Problem } from "../api/problem";
import { type TextKey, useTexts } from "../i18n";

interface Words {
  title: TextKey;
  what: TextKey | null;
}

function wordsOf(problem: Problem): Words {
  switch (problem.parts.status) {
    case 0:
      return { title: "state.unreachable", what: "state.unreachable.what" };
    case 403:
      return { title: "state.forbidden", what: "state.forbidden.what" };
    case 404:
      return { title: "state.missing", what: "state.missing.what" };
    default:
      return { title: "state.failed", what: problem.parts.retryable ? "state.failed.retryable" : null };
  }
}

/** A refusal in words. `again` is offered where trying again makes sense. */
export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const { t, language } = useTexts();
  const problem =
    error instanceof Problem
      ? error
      : new Problem({ status: -1, code: "page_failed", detail: String(error), retryable: true });
  const { title, what } = wordsOf(problem);
  const sentence = problem.sentence(language);
  const { instance, errors } = problem.parts;
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      className="gap"
      title={t(title)}
      description={
        <>
          {sentence !== "" && <p style={{ margin: 0 }}>{sentence}</p>}
          {what !== null && <p style={{ margin: 0 }}>{t(what)}</p>}
          {errors !== undefined && errors.length > 1 && (
            <ul>
              {errors.map((one) => (
                <li key={one.pointer}>{one.detail}</li>
              ))}
            </ul>
          )}
          {instance !== undefined && (
            <p className="soft" style={{ margin: 0 }}>
              {t("state.failed.request")} <span className="mono">{instance}</span>
            </p>
          )}
        </>
      }
      action={again === undefined ? null : <Button onClick={again}>{t("state.retry")}</Button>}
    />
  );
}
