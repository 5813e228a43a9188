import { useEffect, useState } from "react";
import { act } from "./api";
import { clockTime, dayOf, useNow } from "./time";

const RATES = [1, 60, 600, 3600];

/** The company's clock, and how fast it runs. */
export function ClockBar({ rate }: { rate: number }) {
  const [wanted, setWanted] = useState(rate);
  useEffect(() => setWanted(rate), [rate]);
  const now = useNow(rate > 1 ? 50 : 500);
  return (
    <div className={`clock ${rate > 1 ? "fast" : ""}`}>
      <span className="clock-time" role="timer" aria-label="The company's time">
        <b>{clockTime(now, true)}</b> <small>{dayOf(now)}</small>
      </span>
      <fieldset className="segments">
        <legend className="hidden">The clock runs</legend>
        {RATES.map((one) => (
          <label key={one} title={one === 1 ? "as time goes" : `2 hours pass in ${7200 / one} s`}>
            <input
              type="radio"
              name="rate"
              checked={wanted === one}
              onChange={() => {
                setWanted(one);
                void act("clock", { rate: one });
              }}
            />
            <span>{one}×</span>
          </label>
        ))}
      </fieldset>
    </div>
  );
}
