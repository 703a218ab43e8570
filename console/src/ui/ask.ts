// Asks once more before something that is not easily undone.
import { App } from "antd";
import { useTexts } from "../i18n";

/** `ask(question, answer, then)`: shows the question, and does `then` when it is answered. */
export function useAsk(): (question: string, answer: string, then: () => void) => void {
  const { t } = useTexts();
  const { modal } = App.useApp();
  return (question, answer, then) => {
    modal.confirm({ title: question, okText: answer, cancelText: t("common.back"), onOk: then });
  };
}
