/** The graphical console as a tab of a virtual machine. */
import type { TabProps } from "@/manifest/types";
import { GraphicalConsole } from "./GraphicalConsole";
import { consoleOf } from "./machine";

export default function ConsoleTab({ resource }: TabProps) {
  return <GraphicalConsole {...consoleOf(resource)} />;
}
