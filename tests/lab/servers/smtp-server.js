// smtp-server with its own defaults: node smtp-server.js ADDRESS KEY CERTIFICATE
'use strict';
const fs = require('fs');
const {SMTPServer} = require('smtp-server');
const [address, key, cert] = process.argv.slice(2);

const server = new SMTPServer({
  name: 'node26.mx.test',
  authOptional: true,
  disableReverseLookup: true,
  key: fs.readFileSync(key),
  cert: fs.readFileSync(cert),
});
server.on('error', () => {});   // a failed handshake is a client's business
server.listen(25, address);
