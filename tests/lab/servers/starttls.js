// STARTTLS on the OpenSSL inside node: node starttls.js ADDRESS OPTIONS
// OPTIONS are tls.createServer's as JSON, with file names for key, cert and dhparam.
// Written for node 0.8 to 24: no const, no arrow functions.
'use strict';
var fs = require('fs'), net = require('net'), tls = require('tls');
var address = process.argv[2], options = JSON.parse(process.argv[3]);
['key', 'cert', 'dhparam'].forEach(function (name) {
  if (options[name]) { options[name] = fs.readFileSync(options[name]); }
});

function ignore() {}

// answer(socket, secure): SMTP line by line until QUIT or STARTTLS
function answer(socket, secure) {
  var rest = '';
  function onData(data) {
    var end, verb;
    rest += data;
    while ((end = rest.indexOf('\n')) >= 0) {
      verb = rest.slice(0, end).trim().toUpperCase();
      rest = rest.slice(end + 1);
      if (verb === 'QUIT') {
        socket.end('221 2.0.0 bye\r\n');
      } else if (verb.slice(0, 4) === 'EHLO' && !secure) {
        socket.write('250-node.mx.test\r\n250 STARTTLS\r\n');
      } else if (verb === 'STARTTLS' && !secure) {
        socket.removeListener('data', onData);
        socket.write('220 2.0.0 ready\r\n', function () { encrypted.emit('connection', socket); });
        return;
      } else {
        socket.write('250 2.0.0 ok\r\n');
      }
    }
  }
  socket.on('error', ignore);
  socket.on('data', onData);
}

var encrypted = tls.createServer(options, function (socket) { answer(socket, true); });
encrypted.on('clientError', ignore);      // its name until node 4
encrypted.on('tlsClientError', ignore);   // and since
net.createServer(function (socket) {
  socket.write('220 node.mx.test ESMTP OpenSSL ' + process.versions.openssl + '\r\n');
  answer(socket, false);
}).listen(25, address, 511);
process.on('uncaughtException', function (error) { console.log(error && error.stack); });
