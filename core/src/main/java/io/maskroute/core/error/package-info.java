/** The two ways in which bad input is reported: it ends a command, or it ends one row. Depends on nothing. */
package io.maskroute.core.error;
