// Whom to ask (X17).
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, ok } from "../api/client";
import { mayRequest, useSession } from "../app/session";
import { useTexts } from "../i18n";
import { Loaded } from "../ui/loaded";
import { PageHead, State } from "../ui/parts";

export function Help() {
  const { t, named, language } = useTexts();
  const session = useSession();
  const query = useQuery({ queryKey: ["help"], queryFn: () => ok(api.GET("/v1/help/contacts")) });
  const title = (one: { title_zh: string; title_en: string }) => (language === "en" ? one.title_en : one.title_zh);
  const answer = (minutes: number) =>
    minutes < 120 ? t("help.answer", { minutes }) : t("help.answerHours", { hours: Math.ceil(minutes / 60) });
  return (
    <>
      <PageHead title={t("help.title")}>
        {mayRequest(session) && <Link to="/cases/new">{t("case.new")}</Link>}
      </PageHead>
      <Loaded query={query} rows={6}>
        {(help) => (
          <>
            <section className="panel">
              <h2>{t("help.contacts")}</h2>
              <ul className="cards">
                {help.contacts.map((contact) => (
                  <li key={`${contact.topic} ${contact.kind} ${contact.title_en}`}>
                    <div className="row" style={{ justifyContent: "space-between" }}>
                      <strong>{title(contact)}</strong>
                      {typeof contact.open_now === "boolean" && (
                        <State colour={contact.open_now ? "green" : "grey"}>
                          {t(contact.open_now ? "help.open" : "help.closed")}
                        </State>
                      )}
                    </div>
                    {typeof contact.address === "string" && <div>{contact.address}</div>}
                    <div className="soft">
                      {named("help.days", contact.days)} {contact.hours?.replace("..", "–")}
                      {typeof contact.usual_answer_minutes === "number" && <> · {answer(contact.usual_answer_minutes)}</>}
                    </div>
                  </li>
                ))}
              </ul>
            </section>
            {help.links.length > 0 && (
              <section className="panel">
                <h2>{t("help.links")}</h2>
                <ul>
                  {help.links.map((link) => (
                    <li key={link.url}>
                      <a href={link.url} target="_blank" rel="noreferrer">
                        {title(link)}
                      </a>
                    </li>
                  ))}
                </ul>
              </section>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}
