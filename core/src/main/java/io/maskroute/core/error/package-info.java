/** The two ways in which bad input is reported: it ends a command, or it ends one row; and the words for why. Depends on nothing. */
package io.maskroute.core.error;
