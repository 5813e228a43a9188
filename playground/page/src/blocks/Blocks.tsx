import type { ReactNode } from "react";
import type { Block, Element, Text } from "../types";
import { Choice, Overflow } from "./Choice";
import { Button } from "./Button";
import { Mrkdwn, Plain } from "./Mrkdwn";
import { RichText } from "./RichText";

/** Block Kit as the bot sends it. `input` renders a form's fields, which only modals have. */
export function Blocks({ blocks, input }: { blocks: Block[]; input?: (block: Block) => ReactNode }) {
  return (
    <div className="blocks">
      {blocks.map((block) => (
        <OneBlock key={block.block_id} block={block} input={input} />
      ))}
    </div>
  );
}

function OneBlock({ block, input }: { block: Block; input?: (block: Block) => ReactNode }) {
  switch (block.type) {
    case "section":
      return (
        <div className="section">
          <div className="section-body">
            {block.text && <p><TextOf text={block.text} /></p>}
            {block.fields && (
              <div className="fields">
                {block.fields.map((field, i) => <p key={i}><TextOf text={field} /></p>)}
              </div>
            )}
          </div>
          {block.accessory && <Interactive block={block} element={block.accessory} />}
        </div>
      );
    case "header":
      return <h3 className="header"><Plain text={block.text?.text ?? ""} /></h3>;
    case "context":
      return (
        <p className="context">
          {block.elements?.map((one, i) => (
            <span key={i}>{one.type === "image" ? one.alt_text : <TextOf text={one as unknown as Text} />}</span>
          ))}
        </p>
      );
    case "divider":
      return <hr />;
    case "actions":
      return (
        <div className="actions">
          {block.elements?.map((one, i) => <Interactive key={one.action_id ?? i} block={block} element={one} />)}
        </div>
      );
    case "rich_text":
      return <RichText elements={block.elements ?? []} />;
    case "image":
      return <p className="context">🖼 {block.title?.text ?? block.alt_text}</p>;
    case "input":
      return <>{input?.(block)}</>;
    default:
      return <p className="context">(a block of type {block.type})</p>;
  }
}

function Interactive({ block, element }: { block: Block; element: Element }) {
  switch (element.type) {
    case "button":
      return <Button block={block} element={element} />;
    case "overflow":
      return <Overflow block={block} element={element} />;
    case "image":
      return <span className="context">🖼 {element.alt_text}</span>;
    default:
      return <Choice block={block} element={element} />;
  }
}

export function TextOf({ text }: { text: Text }) {
  return text.type === "mrkdwn" ? <Mrkdwn text={text.text} /> : <Plain text={text.text} />;
}
