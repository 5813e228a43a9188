import { useContext, useEffect, useState } from "react";
import { act } from "../api";
import { Blocks } from "../blocks/Blocks";
import { labelOf, PressContext, type Press } from "../blocks/press";
import type { View } from "../types";
import { MeContext } from "./me";
import { complaint } from "./notices";

/** The App Home tab: opened each time one comes here, as in Slack. */
export function Home({ view }: { view: View | null }) {
  const me = useContext(MeContext);
  const [trouble, setTrouble] = useState<string | null>(null);

  useEffect(() => {
    void act("home", { person: me }).then((said) => setTrouble(complaint("Opening Home", said)));
  }, [me]);

  const press: Press = async (name, value, _, element) => {
    const said = await act("press_in_view", { person: me, view: view?.id, name, value });
    setTrouble(complaint(`“${labelOf(element)}”`, said));
  };

  return (
    <div className="list home" role="tabpanel" aria-label="Home" tabIndex={0}>
      {trouble && <p className="error" role="alert">{trouble}</p>}
      {view ? <PressContext value={press}><Blocks blocks={view.blocks} /></PressContext> : <p className="empty">Nothing here yet.</p>}
    </div>
  );
}
