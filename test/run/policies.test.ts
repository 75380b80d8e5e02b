import { checkovFindings, explained, guardFindings, unexplained } from './policies';

const PAGE = `
| tool    | finding     | asks for                 | why it is so here |
| ------- | ----------- | ------------------------ | ----------------- |
| checkov | CKV_AWS_88  | no public address        | it is a gateway   |
| guard   | CT.EC2.PR.8 | no public address        | it is a gateway   |
| guard   | CT.EC2.PR.9 | something without reason |                   |
`;

test('a finding counts unless the page explains it, with a reason', () => {
  expect([...explained(PAGE)]).toEqual(['checkov CKV_AWS_88', 'guard CT.EC2.PR.8']);
  const finding = (tool: 'checkov' | 'guard', rule: string) => ({ tool, rule, file: 'nginx.template.json' });
  expect(unexplained([finding('checkov', 'CKV_AWS_88'), finding('guard', 'CT.EC2.PR.8')], explained(PAGE))).toEqual([]);
  expect(unexplained([finding('guard', 'CT.EC2.PR.9'), finding('checkov', 'CT.EC2.PR.8')], explained(PAGE))).toEqual([
    'guard CT.EC2.PR.9 in nginx.template.json: mend it, or explain it in docs/operations/policies.md',
    'checkov CT.EC2.PR.8 in nginx.template.json: mend it, or explain it in docs/operations/policies.md',
  ]);
});

test('reports are read as the tools write them', () => {
  const checks = { results: { failed_checks: [{ check_id: 'CKV_AWS_1', file_path: '/a/x.template.json' }] } };
  const expected = [{ tool: 'checkov', rule: 'CKV_AWS_1', file: 'x.template.json' }];
  expect(checkovFindings(JSON.stringify(checks))).toEqual(expected);
  expect(checkovFindings(JSON.stringify([checks]))).toEqual(expected);
  const guard = [{ name: '/a/x.template.json', not_compliant: [{ Rule: { message: '[CT.EC2.PR.8]: Require' } }] }];
  expect(guardFindings(JSON.stringify(guard))).toEqual([
    { tool: 'guard', rule: 'CT.EC2.PR.8', file: 'x.template.json' },
  ]);
  expect(() => checkovFindings('')).toThrow();
  expect(() => guardFindings('')).toThrow();
});
