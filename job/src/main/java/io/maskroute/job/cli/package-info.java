/**
 * The command line: options into configuration, results onto the terminal, exceptions into exit codes. The work is elsewhere.
 */
package io.maskroute.job.cli;
