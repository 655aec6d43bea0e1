/** What processes of one machine share on its disk. Depends on the JDK alone. */
package io.maskroute.core.files;
