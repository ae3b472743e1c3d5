/**
 * The picture of networks: networks with their subnets at the left, machines at the right, a cable for each port.
 *
 * It can be edited: buttons add subnets and attach machines; a machine that is dragged onto a subnet is offered to be
 * attached there. Whoever cannot see the picture has the same in words below it.
 */
import "@xyflow/react/dist/style.css";

import { Button, makeStyles, Skeleton, SkeletonItem, tokens } from "@fluentui/react-components";
import { AddRegular, DesktopRegular, OrganizationRegular, PlugConnectedRegular } from "@fluentui/react-icons";
import { useNavigate } from "@tanstack/react-router";
import {
  Background,
  Controls,
  Handle,
  Position,
  ReactFlow,
  ReactFlowProvider,
  type Edge,
  type Node,
  type NodeProps,
} from "@xyflow/react";
import { createContext, useContext, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { StateMark } from "@/manifest/FieldValue";
import { toneOf } from "@/manifest/values";
import { FluentButtonLink } from "@/pages/overview/FluentButtonLink";
import { usePermissions } from "@/session/session";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { useDarkTheme } from "@/shell/theme";
import { AddSubnetDialog } from "./AddSubnetDialog";
import { AttachDialog } from "./AttachDialog";
import { drawPicture, subnetAt, type MachineShape, type NetworkShape, type SubnetShape } from "./layout";
import { useTopology } from "./useTopology";

const useStyles = makeStyles({
  canvas: {
    height: "560px",
    maxHeight: "70vh",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    overflow: "hidden",
    backgroundColor: tokens.colorNeutralBackground2,
  },
  help: { color: tokens.colorNeutralForeground3 },
  network: {
    width: "100%",
    height: "100%",
    boxSizing: "border-box",
    border: `1px solid ${tokens.colorBrandStroke1}`,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorBrandBackground2,
    padding: "8px 12px",
  },
  head: { display: "flex", alignItems: "center", gap: "6px", minWidth: 0 },
  title: {
    fontWeight: tokens.fontWeightSemibold,
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
    flexGrow: 1,
  },
  subnet: {
    width: "100%",
    height: "100%",
    boxSizing: "border-box",
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    padding: "6px 10px",
    display: "flex",
    flexDirection: "column",
    gap: "2px",
    alignItems: "flex-start",
  },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  machine: {
    width: "100%",
    height: "100%",
    boxSizing: "border-box",
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    padding: "6px 10px",
    minWidth: 0,
  },
  handle: { opacity: 0, pointerEvents: "none" },
  words: { marginTop: "12px" },
});

interface Editing {
  canEdit: boolean;
  canAttach: boolean;
  addSubnet: (network: NetworkShape) => void;
  attach: (subnet: SubnetShape, machine: MachineShape | null) => void;
}

const EditingContext = createContext<Editing | null>(null);

type NetworkNode = Node<{ network: NetworkShape }, "network">;
type SubnetNode = Node<{ subnet: SubnetShape }, "subnet">;
type MachineNode = Node<{ machine: MachineShape }, "machine">;

function NetworkBox({ data }: NodeProps<NetworkNode>) {
  const styles = useStyles();
  const { t } = useTranslation("vm_networks");
  const editing = useContext(EditingContext);
  return (
    <div className={styles.network}>
      <div className={styles.head}>
        <OrganizationRegular aria-hidden />
        <span className={styles.title}>{data.network.name}</span>
        {editing?.canEdit === true ? (
          <Button
            size="small"
            appearance="subtle"
            className="nodrag"
            icon={<AddRegular />}
            aria-label={`${t("topology.add_subnet")}: ${data.network.name}`}
            title={t("topology.add_subnet")}
            onClick={() => editing.addSubnet(data.network)}
          />
        ) : null}
      </div>
    </div>
  );
}

function SubnetBox({ data }: NodeProps<SubnetNode>) {
  const styles = useStyles();
  const { t } = useTranslation("vm_networks");
  const editing = useContext(EditingContext);
  return (
    <div className={styles.subnet}>
      <span className={styles.title}>{data.subnet.name}</span>
      <span className={styles.code}>{data.subnet.cidr}</span>
      {editing?.canAttach === true ? (
        <Button
          size="small"
          appearance="subtle"
          className="nodrag"
          icon={<PlugConnectedRegular />}
          aria-label={t("topology.attach_to", { name: data.subnet.name })}
          onClick={() => editing.attach(data.subnet, null)}
        >
          {t("topology.attach")}
        </Button>
      ) : null}
      <Handle type="target" position={Position.Right} isConnectable={false} className={styles.handle} />
    </div>
  );
}

function MachineBox({ data }: NodeProps<MachineNode>) {
  const styles = useStyles();
  const { t } = useTranslation("virtual_machines");
  const { machine } = data;
  return (
    <div className={styles.machine}>
      <div className={styles.head}>
        <DesktopRegular aria-hidden />
        <span className={styles.title}>{machine.name}</span>
      </div>
      <StateMark
        tone={toneOf(machine.state)}
        word={t([`states.${machine.state}`, `frame:states.${machine.state}`], { defaultValue: machine.state })}
      />
      <Handle type="source" position={Position.Left} isConnectable={false} className={styles.handle} />
    </div>
  );
}

const NODE_TYPES = { network: NetworkBox, subnet: SubnetBox, machine: MachineBox };

export interface TopologyViewProps {
  subscriptionId: string;
  /** Show only this network. */
  networkId: string | null;
}

export function TopologyView({ subscriptionId, networkId }: TopologyViewProps) {
  const styles = useStyles();
  const { t } = useTranslation("vm_networks");
  const may = usePermissions();
  const topology = useTopology(subscriptionId, networkId);
  const [network, setNetwork] = useState<NetworkShape | null>(null);
  const [attaching, setAttaching] = useState<{ subnet: SubnetShape; machine: MachineShape | null } | null>(null);
  const editing = useMemo<Editing>(
    () => ({
      canEdit: may("network.write"),
      canAttach: may("virtual_machine.write"),
      addSubnet: setNetwork,
      attach: (subnet, machine) => setAttaching({ subnet, machine }),
    }),
    [may],
  );
  if (topology.error !== null) return <ProblemMessage error={topology.error} />;
  if (topology.loading) {
    return (
      <Skeleton aria-label={t("topology.title")}>
        <SkeletonItem size={128} />
      </Skeleton>
    );
  }
  if (topology.networks.length === 0) {
    return (
      <p>
        {t("topology.empty")}{" "}
        <FluentButtonLink to={`/subscriptions/${subscriptionId}/vm-networks/new`}>
          {t("topology.create_network")}
        </FluentButtonLink>
      </p>
    );
  }
  return (
    <EditingContext.Provider value={editing}>
      <p className={styles.help}>{t("topology.help")}</p>
      <ReactFlowProvider>
        <PictureCanvas {...topology} subscriptionId={subscriptionId} />
      </ReactFlowProvider>
      {topology.more > 0 ? (
        <p className={styles.help}>{t("topology.machines_more", { count: topology.more })}</p>
      ) : null}
      <InWords {...topology} />
      {network === null ? null : (
        <AddSubnetDialog subscriptionId={subscriptionId} network={network} onClose={() => setNetwork(null)} />
      )}
      {attaching === null ? null : (
        <AttachDialog
          subscriptionId={subscriptionId}
          subnet={attaching.subnet}
          networkId={topology.networks.find((one) => one.subnets.includes(attaching.subnet))?.id ?? ""}
          machine={attaching.machine}
          onClose={() => setAttaching(null)}
        />
      )}
    </EditingContext.Provider>
  );
}

interface CanvasProps {
  networks: readonly NetworkShape[];
  machines: readonly MachineShape[];
  subscriptionId: string;
}

function PictureCanvas({ networks, machines, subscriptionId }: CanvasProps) {
  const styles = useStyles();
  const { t } = useTranslation("vm_networks");
  const navigate = useNavigate();
  const dark = useDarkTheme();
  const editing = useContext(EditingContext);
  const picture = useMemo(() => drawPicture(networks, machines), [networks, machines]);
  const nodes = useMemo<Node[]>(
    () => [
      ...picture.networks.map(({ shape, box }): NetworkNode => ({
        id: shape.id,
        type: "network",
        position: { x: box.x, y: box.y },
        width: box.width,
        height: box.height,
        draggable: false,
        selectable: false,
        focusable: false,
        data: { network: shape },
        ariaLabel: t("topology.network", { name: shape.name }),
      })),
      ...picture.subnets.map(({ shape, box, networkId }): SubnetNode => ({
        id: shape.id,
        type: "subnet",
        parentId: networkId,
        position: { x: box.x, y: box.y },
        width: box.width,
        height: box.height,
        draggable: false,
        focusable: false,
        data: { subnet: shape },
        ariaLabel: t("topology.subnet", { name: shape.name, cidr: shape.cidr }),
      })),
      ...picture.machines.map(({ shape, box }): MachineNode => ({
        id: shape.id,
        type: "machine",
        position: { x: box.x, y: box.y },
        width: box.width,
        height: box.height,
        draggable: editing?.canAttach === true,
        data: { machine: shape },
        ariaLabel: t("topology.vm", {
          name: shape.name,
          address: shape.ports.map((port) => port.address).join(", "),
          state: shape.state,
        }),
      })),
    ],
    [picture, t, editing],
  );
  const edges = useMemo<Edge[]>(
    () =>
      picture.cables.map((cable) => ({
        id: cable.id,
        source: cable.machineId,
        target: cable.subnetId,
        type: "smoothstep",
        focusable: false,
        label: cable.address,
      })),
    [picture],
  );
  return (
    <div className={styles.canvas} role="group" aria-label={t("topology.title")}>
      <ReactFlow
        // A machine that was dragged and not attached goes back to its place.
        key={nodes.map((node) => node.id).join()}
        defaultNodes={nodes}
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        colorMode={dark ? "dark" : "light"}
        nodesConnectable={false}
        edgesFocusable={false}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.08 }}
        minZoom={0.2}
        maxZoom={1.5}
        onNodeDoubleClick={(_, node) => {
          if (node.type === "machine")
            void navigate({ to: `/subscriptions/${subscriptionId}/virtual-machines/${node.id}` });
        }}
        onNodeDragStop={(_, node) => {
          const over = subnetAt(
            picture,
            node.position.x + (node.width ?? 0) / 2,
            node.position.y + (node.height ?? 0) / 2,
          );
          const subnet = picture.subnets.find((one) => one.shape.id === over)?.shape;
          const machine = machines.find((one) => one.id === node.id);
          if (subnet !== undefined && machine !== undefined) editing?.attach(subnet, machine);
        }}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

/** The same as the picture, for readers of text. */
function InWords({ networks, machines }: { networks: readonly NetworkShape[]; machines: readonly MachineShape[] }) {
  const styles = useStyles();
  const { t } = useTranslation("vm_networks");
  return (
    <details className={styles.words}>
      <summary>{t("topology.list")}</summary>
      <ul>
        {networks.map((network) => (
          <li key={network.id}>
            {t("topology.network", { name: network.name })}
            <ul>
              {network.subnets.map((subnet) => (
                <li key={subnet.id}>
                  {t("topology.subnet", { name: subnet.name, cidr: subnet.cidr })}
                  <ul>
                    {machines.flatMap((machine) =>
                      machine.ports
                        .filter((port) => port.subnet_id === subnet.id)
                        .map((port) => (
                          <li key={port.id}>
                            {t("topology.vm", { name: machine.name, address: port.address, state: machine.state })}
                          </li>
                        )),
                    )}
                  </ul>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </details>
  );
}
