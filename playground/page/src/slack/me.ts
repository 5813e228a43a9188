import { createContext } from "react";

/** Who one is: the id of the person who is played. */
export const MeContext = createContext("");
