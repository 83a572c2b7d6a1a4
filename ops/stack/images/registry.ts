// apicurio/apicurio-registry: Quarkus reads the same environment here as in the container.
import { join } from 'node:path'
import { httpProbe } from '../probes.ts'
import type { Image } from './image.ts'
import { java, keptClasses } from './jvm.ts'

export const registry: Image = (context) => {
  const { environment, port, tools, scratch } = context
  return {
    argv: [
      ...java(context, ['GC_CONTAINER_OPTIONS', 'JAVA_OPTS_APPEND']),
      ...keptClasses(context),
      '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
      // Its management port is of no use here: any free one will do.
      '-Dquarkus.management.host=127.0.0.1',
      '-Dquarkus.management.port=0',
      '-jar',
      join(tools.apicurio(), 'quarkus-run.jar'),
    ],
    environment,
    cwd: scratch,
    probe: () => httpProbe(`http://127.0.0.1:${port(8081)}/apis/ccompat/v7/subjects`),
  }
}
