import { html, Markup } from '../../src/report/html';

test('what is put in is escaped, in text and in attributes', () => {
  const hostile = `"><script>alert('x')</script>&amp;`;
  expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(
    '<p title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;">' +
      '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;</p>',
  );
});

test('templates, lists of them and numbers go in as they are; nothing gives nothing', () => {
  const rows = ['a', '<'].map((cell) => html`<td>${cell}</td>`);
  expect(html`<tr>${rows}${undefined}${false}${0}${new Markup('<td/>')}</tr>`.text).toBe(
    '<tr><td>a</td><td>&lt;</td>0<td/></tr>',
  );
  expect(html`${['<', '>']}`.text).toBe('&lt;&gt;');
});
