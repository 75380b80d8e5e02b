import type { Ground } from './ground';

/** A second address of the gateway, which clients ask from an address that is not the others'. */
export const TO_ATTACK = { gateway: '198.51.100.2', from: '198.51.100.66' } as const;

export async function addAttacker(ground: Pick<Ground, 'sh'>): Promise<void> {
  const { gateway, from } = TO_ATTACK;
  await ground.sh('gateway', `ip addr add ${gateway}/24 dev ens5`);
  await ground.sh('client', `ip addr add ${from}/24 dev eth0; ip route add ${gateway} dev eth0 src ${from}`);
}
