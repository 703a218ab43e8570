// The ways in: a one-time link of the platform, and in the demo a choice of people.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useEffect, useRef } from "react";
import { useLocation, useNavigate } from "react-router";
import { api, ok } from "../api/client";
import { Problem } from "../api/problem";
import { SESSION_KEY } from "../app/session";
import { useTexts } from "../i18n";
import { Failure } from "../ui/failure";
import { Loading } from "../ui/loaded";
import { PageHead } from "../ui/parts";
import { Switches } from "./switches";

/** For whom this browser is signed in, where a link is for another party; the link is not used up yet. */
function otherParty(error: unknown): string | null {
  if (!(error instanceof Problem) || error.parts.code !== "portal_session_other") return null;
  return String(error.parts.facts?.signed_in_as ?? "");
}

/** Follows a link: what stands behind `#` is exchanged for a cookie, once, and leaves the address at once. */
export function Enter() {
  const { t } = useTexts();
  const navigate = useNavigate();
  const client = useQueryClient();
  const enter = useMutation({
    mutationFn: ({ token, replace }: { token: string; replace: boolean }) =>
      ok(api.POST("/v1/portal/sessions", { body: { token, replace } })),
    onSuccess: async () => {
      await client.resetQueries({ queryKey: SESSION_KEY });
      await navigate("/", { replace: true });
    },
  });
  const { mutate } = enter;
  // A link that is pasted here later only changes what stands behind `#`.
  const { hash } = useLocation();
  const last = useRef("");
  useEffect(() => {
    const token = hash.slice(1);
    if (last.current === token && token !== "") return;
    if (token === "" && last.current !== "") return;
    last.current = token;
    history.replaceState(history.state, "", location.pathname);
    mutate({ token, replace: false });
  }, [hash, mutate]);
  const other = otherParty(enter.error);
  if (other !== null) {
    return (
      <main className="center">
        <Switches />
        <PageHead title={t("enter.other")} />
        <p>{t("enter.other.what", { name: other })}</p>
        <p className="row">
          <Button
            type="primary"
            loading={enter.isPending}
            onClick={() => mutate({ token: last.current, replace: true })}
          >
            {t("enter.other.change")}
          </Button>
          <Button onClick={() => void navigate("/", { replace: true })}>{t("enter.other.stay", { name: other })}</Button>
        </p>
      </main>
    );
  }
  return (
    <main className="center">
      <Switches />
      <PageHead title={t(enter.isError ? "enter.failed" : "enter.working")} />
      {enter.isError ? (
        <>
          <p>{t("enter.why")}</p>
          <Failure error={enter.error} />
        </>
      ) : (
        <Loading />
      )}
    </main>
  );
}

/** Nobody is signed in. */
export function Welcome() {
  const { t } = useTexts();
  const personas = useQuery({
    queryKey: ["personas"],
    queryFn: () => ok(api.GET("/v1/portal/personas")),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const people = personas.data?.data ?? [];
  if (personas.isPending) {
    return (
      <div className="center">
        <Loading />
      </div>
    );
  }
  return (
    <main className="center">
      <Switches />
      {people.length > 0 ? (
        <>
          <PageHead title={t("demo.title")} />
          <p>{t("demo.text")}</p>
          <Personas people={people} />
        </>
      ) : (
        <>
          <PageHead title={t("welcome.title")} />
          <p>{t("welcome.text")}</p>
        </>
      )}
    </main>
  );
}

interface Person {
  name: string;
  title: string;
  path: string;
}

function Personas({ people }: { people: Person[] }) {
  const { t, named } = useTexts();
  const client = useQueryClient();
  const become = useMutation({
    mutationFn: (name: string) => ok(api.POST("/v1/portal/personas/{name}", { params: { path: { name } } })),
    onSuccess: (person) => {
      // The back office has pages and a session of its own.
      if (person.path !== "/portal") location.assign(person.path);
      else void client.resetQueries({ queryKey: SESSION_KEY });
    },
  });
  return (
    <>
      {become.isError && <Failure error={become.error} />}
      <div className="personas">
        {people.map((person) => (
          <section key={person.name} className="panel" style={{ margin: 0 }} aria-label={person.title}>
            <div className="row">
              <div className="grow">
                <strong>{person.title}</strong>
                <div className="soft">{named("demo", person.name)}</div>
              </div>
              <Button
                type="primary"
                loading={become.isPending && become.variables === person.name}
                onClick={() => become.mutate(person.name)}
                data-persona={person.name}
              >
                {t("demo.enter")}
              </Button>
            </div>
          </section>
        ))}
      </div>
    </>
  );
}
