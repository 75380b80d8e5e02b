import { setServers } from 'node:dns/promises';
import { argv } from 'node:process';
import { seenFromHere } from '../../../lib/operate/from-here/from-here';
import { readPromised } from '../../../lib/operate/promised';

/*
 * What `portway verify` finds from where it runs, as JSON. Arguments: a cloud assembly, the gateway's address, a resolver, and a port
 * of the gateway where nobody answers.
 */
async function main([assembly = '', address = '', resolver = '', nobody = '']: readonly string[]): Promise<void> {
  setServers([resolver]);
  const [promised] = await readPromised(assembly, undefined);
  if (promised === undefined) throw new Error(`${assembly} has no gateway`);
  console.log(JSON.stringify(await seenFromHere(promised, { v4: address }, [{ host: address, port: Number(nobody) }])));
}

void main(argv.slice(2));
