import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.Security;
import java.util.Locale;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * SMTP with STARTTLS on JSSE: java StartTls (ADDRESS KEYSTORE PROTOCOLS SUITES)...
 * Lists are separated by commas; ALL means every supported suite.
 */
public final class StartTls {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final int SILENCE_LIMIT_MS = 30_000;
    private static final int LINE_LIMIT = 2_048;

    private final SSLContext context;
    private final String[] protocols;
    private final String[] suites;

    private StartTls(String keystore, String protocols, String suites) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(keystore)) {
            store.load(file, PASSWORD);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        keys.init(store, PASSWORD);
        context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        this.protocols = protocols.split(",");
        this.suites = suites.equals("ALL") ? context.getSocketFactory().getSupportedCipherSuites() : suites.split(",");
    }

    public static void main(String[] args) throws Exception {
        // What the JDK's java.security turns off, this server turns on.
        for (String property : new String[] {"jdk.tls.disabledAlgorithms", "jdk.tls.legacyAlgorithms",
            "jdk.certpath.disabledAlgorithms"}) {
            Security.setProperty(property, "");
        }
        for (int i = 0; i + 3 < args.length; i += 4) {
            StartTls server = new StartTls(args[i + 1], args[i + 2], args[i + 3]);
            ServerSocket listener = new ServerSocket(25, 511, InetAddress.getByName(args[i]));
            new Thread(() -> server.acceptFrom(listener)).start();
        }
    }

    private void acceptFrom(ServerSocket listener) {
        while (true) {
            try {
                Socket socket = listener.accept();
                new Thread(() -> serve(socket)).start();
            } catch (IOException e) {
                e.printStackTrace();
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setSoTimeout(SILENCE_LIMIT_MS);
            socket.setTcpNoDelay(true);
            say(socket, "220 jsse.mx.test ESMTP");
            if (!answer(socket, false)) {
                return;
            }
            SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(socket, null, true);
            tls.setUseClientMode(false);
            tls.setEnabledProtocols(protocols);
            tls.setEnabledCipherSuites(suites);
            tls.startHandshake();
            answer(tls, true);
            tls.close();
        } catch (IOException e) {
            // the client went away or its hello was refused: both are daily bread here
        }
    }

    /** Answers commands until the end (false) or STARTTLS (true). */
    private static boolean answer(Socket socket, boolean secure) throws IOException {
        String line;
        while ((line = readLine(socket.getInputStream())) != null) {
            String verb = line.trim().toUpperCase(Locale.ROOT);
            if (verb.equals("QUIT")) {
                say(socket, "221 2.0.0 bye");
                return false;
            } else if (verb.equals("STARTTLS") && !secure) {
                say(socket, "220 2.0.0 ready");
                return true;
            } else if (verb.startsWith("EHLO") && !secure) {
                say(socket, "250-jsse.mx.test\r\n250 STARTTLS");
            } else {
                say(socket, "250 2.0.0 ok");
            }
        }
        return false;
    }

    /** One octet at a time: what follows STARTTLS belongs to TLS and must not be buffered. */
    private static String readLine(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        int octet;
        while ((octet = in.read()) >= 0 && line.length() < LINE_LIMIT) {
            if (octet == '\n') {
                return line.toString();
            }
            line.append((char) octet);
        }
        return null;
    }

    private static void say(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write((text + "\r\n").getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }
}
