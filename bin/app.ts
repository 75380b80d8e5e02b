import { App } from 'aws-cdk-lib';
import { contextProps, Forward, PortwayStack, Tls } from '../lib';

const app = new App();

// Values from the command line: cdk deploy -c adminCidr=203.0.113.7/32 -c engine=iptables
const fromContext = contextProps(app.node);

// The forwards: 80 and 443 lead to the application on 8080. Edit them here; each key is a forward's name.
const forwards =
  fromContext.engine === 'iptables'
    ? {
        web: Forward.tcp({ listen: 80, to: 8080 }),
        // The kernel cannot end TLS, so the application does, on 8443.
        secure: Forward.tcp({ listen: 443, to: 8443 }),
      }
    : {
        web: Forward.http({ listen: 80, to: 8080 }),
        secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
      };

new PortwayStack(app, 'Portway', { ...fromContext, forwards });
