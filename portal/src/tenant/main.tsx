import { startPortal } from "@/shell/startPortal";
import { tenantPortal } from "./registry";

void startPortal(tenantPortal);
