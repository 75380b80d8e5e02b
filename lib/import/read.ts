import { keepAccepted } from './check';
import { diskFor } from './disk';
import type { Imported, Source } from './imported';
import { Ledger } from './ledger';
import { readNginx, type Translated } from './nginx/translate';
import { readNft } from './rules/read-nft';
import { readSave } from './rules/read-save';
import { translateRules } from './rules/translate';

/** @throws ImportError if the file cannot be read as what it should be */
export function readImported(file: string, text: string, from: Source): Imported {
  const ledger = new Ledger();
  const { forwards: read, gateway } = translate(file, text, from, ledger);
  const { forwards, remarks } = keepAccepted(read, gateway.engine, { file, line: 1, text: 'Portway refuses' });
  for (const { fate, why, ...said } of remarks) ledger.remark(fate, said, why);
  return { from, forwards, gateway: { ...gateway, ...diskFor(forwards) }, remarks: ledger.list() };
}

function translate(file: string, text: string, from: Source, ledger: Ledger): Translated {
  switch (from) {
    case 'nginx':
      return readNginx(file, text, ledger);
    case 'iptables':
      return translateRules(file, readSave(file, text), ledger);
    case 'nft':
      return translateRules(file, readNft(file, text), ledger);
  }
}
