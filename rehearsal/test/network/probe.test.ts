import { parseResponse } from '../../src/network/probe';

test('status, headers and body are told apart', () => {
  expect(
    parseResponse('HTTP/1.1 301 Moved Permanently\r\nLocation: https://a/?b:c\r\nX-Empty:\r\n\r\nbody\r\n\r\nmore'),
  ).toEqual({
    status: 301,
    headers: { location: 'https://a/?b:c', 'x-empty': '' },
    body: 'body\r\n\r\nmore',
  });
});

test('HTTP/2 and an answer without headers are read too', () => {
  expect(parseResponse('HTTP/2 200 \r\nserver: nginx\r\n\r\n{}')).toMatchObject({ status: 200, body: '{}' });
  expect(parseResponse('HTTP/1.1 204 No Content\r\n\r\n')).toEqual({ status: 204, headers: {}, body: '' });
});

test('an interim answer is not the answer', () => {
  expect(parseResponse('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\nx')).toEqual({
    status: 200,
    headers: { a: 'b' },
    body: 'x',
  });
});

test('no answer is status 0', () => {
  expect(parseResponse('')).toEqual({ status: 0, headers: {}, body: '' });
});
