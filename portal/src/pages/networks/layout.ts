/** Where everything stands in the picture of networks: the same every time, so that nothing jumps when something changes. */

export interface SubnetShape {
  id: string;
  name: string;
  cidr: string;
}

export interface NetworkShape {
  id: string;
  name: string;
  state: string;
  subnets: readonly SubnetShape[];
}

export interface PortShape {
  id: string;
  subnet_id: string;
  address: string;
}

export interface MachineShape {
  id: string;
  name: string;
  state: string;
  ports: readonly PortShape[];
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Placed<Shape> {
  shape: Shape;
  box: Box;
}

export interface Picture {
  networks: Placed<NetworkShape>[];
  /** Relative to their network. */
  subnets: (Placed<SubnetShape> & { networkId: string })[];
  machines: Placed<MachineShape>[];
  /** From a machine to a subnet. */
  cables: { id: string; machineId: string; subnetId: string; address: string }[];
  height: number;
}

export const MACHINE = { width: 176, height: 52, gap: 14 };
export const SUBNET = { width: 232, height: 92, gap: 14 };
const NETWORK = { padding: 16, header: 48, gap: 36 };
const MACHINE_COLUMNS = 3;
/** From the networks' edge to the first machine. */
const AISLE = 110;

const NETWORK_WIDTH = SUBNET.width + 2 * NETWORK.padding;

/** Put networks below each other at the left, each subnet beside the machines that have their first port in it. */
export function drawPicture(networks: readonly NetworkShape[], machines: readonly MachineShape[]): Picture {
  const picture: Picture = { networks: [], subnets: [], machines: [], cables: [], height: 0 };
  const known = new Set(networks.flatMap((network) => network.subnets.map((subnet) => subnet.id)));
  const home = (machine: MachineShape) => machine.ports.find((port) => known.has(port.subnet_id))?.subnet_id ?? "";
  let y = 0;
  for (const network of networks) {
    const top = y;
    let inner = NETWORK.header;
    for (const subnet of network.subnets) {
      const guests = machines.filter((machine) => home(machine) === subnet.id);
      const height = Math.max(SUBNET.height, heightOf(guests.length));
      picture.subnets.push({
        shape: subnet,
        networkId: network.id,
        box: { x: NETWORK.padding, y: inner, width: SUBNET.width, height },
      });
      picture.machines.push(...inColumns(guests, NETWORK_WIDTH + AISLE, top + inner));
      inner += height + SUBNET.gap;
    }
    const height = Math.max(inner - SUBNET.gap + NETWORK.padding, NETWORK.header + NETWORK.padding + 40);
    picture.networks.push({ shape: network, box: { x: 0, y: top, width: NETWORK_WIDTH, height } });
    y += height + NETWORK.gap;
  }
  const loose = machines.filter((machine) => home(machine) === "");
  picture.machines.push(...inColumns(loose, NETWORK_WIDTH + AISLE, y));
  picture.cables = machines.flatMap((machine) =>
    machine.ports
      .filter((port) => known.has(port.subnet_id))
      .map((port) => ({ id: port.id, machineId: machine.id, subnetId: port.subnet_id, address: port.address })),
  );
  picture.height = y + heightOf(loose.length);
  return picture;
}

function heightOf(machines: number): number {
  const rows = Math.ceil(machines / MACHINE_COLUMNS);
  return rows * (MACHINE.height + MACHINE.gap) - (rows > 0 ? MACHINE.gap : 0);
}

function inColumns(machines: readonly MachineShape[], x: number, y: number): Placed<MachineShape>[] {
  return machines.map((shape, index) => ({
    shape,
    box: {
      x: x + (index % MACHINE_COLUMNS) * (MACHINE.width + MACHINE.gap),
      y: y + Math.floor(index / MACHINE_COLUMNS) * (MACHINE.height + MACHINE.gap),
      width: MACHINE.width,
      height: MACHINE.height,
    },
  }));
}

/** The subnet under a point of the picture; null when there is none. */
export function subnetAt(picture: Picture, x: number, y: number): string | null {
  for (const subnet of picture.subnets) {
    const network = picture.networks.find((one) => one.shape.id === subnet.networkId);
    if (network === undefined) continue;
    const left = network.box.x + subnet.box.x;
    const top = network.box.y + subnet.box.y;
    if (x >= left && x <= left + subnet.box.width && y >= top && y <= top + subnet.box.height) return subnet.shape.id;
  }
  return null;
}
