/** Binary masks as the model gives them out. Depends on nothing. */
package io.maskroute.core.mask;
