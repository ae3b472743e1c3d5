/** Addresses, one to a line. */
export { default } from "@/pages/webhooks/KindsInput";
