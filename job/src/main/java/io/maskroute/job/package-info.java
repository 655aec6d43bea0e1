/** The command line, the Spark job and the report; each in its own package. */
package io.maskroute.job;
