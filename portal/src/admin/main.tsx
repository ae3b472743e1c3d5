import { startPortal } from "@/shell/startPortal";
import { adminPortal } from "./registry";

void startPortal(adminPortal);
